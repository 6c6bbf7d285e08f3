//! One whole, bounded, well-framed request at a time through to tiny_http (RFC 9112).

/// The way from one listener to its own tiny_http server.
pub struct Gate {}

/// Why there is no way to a tiny_http server.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The private folder cannot be made.
    #[error("cannot make a private folder in the temp folder")]
    Folder(#[source] std::io::Error),
}

impl GateError {
    /// What to do next, one line.
    pub fn hint(&self) -> String {
        String::new()
    }
}

impl Gate {
    /// Opens the inner socket and a tiny_http server behind it.
    pub fn open() -> Result<(Gate, tiny_http::Server), GateError> {
        todo!()
    }
}
