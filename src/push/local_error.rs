//! An error on this side: a file, a key, a port, a certificate, a proxy. It is in `push` because a proxy's error needs it; `http`, which
//! may not use `push`, gets it from `store`.

use std::error::Error;

/// What failed, what to do next, and the cause. Callers print it; none decides by it.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct LocalError {
    what: String,
    /// What to do next, one line.
    pub hint: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl LocalError {
    /// Without a cause below it.
    pub fn new(what: impl Into<String>, hint: impl Into<String>) -> LocalError {
        LocalError { what: what.into(), hint: hint.into(), source: None }
    }

    /// With the cause that the system or a library gave.
    pub fn because(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> LocalError {
        LocalError { source: Some(source.into()), ..self }
    }
}
