//! Sockets, TLS and bounded HTTP/1.1 in front of tiny_http. May use `store`.

mod answer;
mod backend;
pub mod certificate;
mod connections;
pub mod error;
pub mod gate;
pub mod limits;
mod refusal;
mod request_head;
pub mod server;
#[cfg(unix)]
mod socket_dir;
mod stream;
