//! Why a route did not do what it was asked for.

use serde_json::Value;

use crate::store::subscriptions::StoreError;

/// A status and a JSON body, or why not.
pub(super) type ApiResult = Result<(u16, Value), ApiError>;

/// An answer of 400 or more.
#[derive(Debug)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// What and why, in one sentence.
    pub error: String,
    /// What to do next, in one sentence.
    pub hint: String,
}

/// 400: the request is wrong.
pub(super) fn wrong_request(error: impl Into<String>, hint: impl Into<String>) -> ApiError {
    ApiError { status: 400, error: error.into(), hint: hint.into() }
}

/// 404: what the request names is not stored.
pub(super) fn not_found(error: impl Into<String>, hint: impl Into<String>) -> ApiError {
    ApiError { status: 404, error: error.into(), hint: hint.into() }
}

/// 409: the request does not fit what is stored, or the VAPID key.
pub(super) fn conflict(error: impl Into<String>, hint: impl Into<String>) -> ApiError {
    ApiError { status: 409, error: error.into(), hint: hint.into() }
}

/// 500: the request was right, but this machine could not do it.
pub(super) fn failed(error: impl Into<String>, hint: impl Into<String>) -> ApiError {
    ApiError { status: 500, error: error.into(), hint: hint.into() }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        let hint = error.hint();
        failed(format!("{:#}", anyhow::Error::new(error)), hint)
    }
}
