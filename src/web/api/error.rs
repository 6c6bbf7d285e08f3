//! Why a route did not do what it was asked for.

use serde_json::Value;

use crate::store::StoreError;

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

impl ApiError {
    pub(in crate::web) fn new(status: u16, error: impl Into<String>, hint: impl Into<String>) -> ApiError {
        ApiError { status, error: error.into(), hint: hint.into() }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        let hint = error.hint();
        ApiError::new(500, format!("{:#}", anyhow::Error::new(error)), hint)
    }
}
