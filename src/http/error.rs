//! Why the server cannot start: one error type for everything that is checked before it serves.

use std::error::Error;

/// What failed, what to do next, and the cause. Callers print it; none decides by it.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct SetupError {
    what: String,
    hint: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl SetupError {
    /// Without a cause below it.
    pub fn new(what: impl Into<String>, hint: impl Into<String>) -> SetupError {
        SetupError { what: what.into(), hint: hint.into(), source: None }
    }

    /// With the cause that the system or a library gave.
    pub fn because(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> SetupError {
        SetupError { source: Some(source.into()), ..self }
    }

    /// What to do next, one line.
    pub fn hint(&self) -> String {
        self.hint.clone()
    }
}
