//! Sockets, TLS and bounded HTTP/1.1 in front of tiny_http: "the front" in comments. May use `store`.

mod answer;
mod backend;
pub mod certificate;
mod connection;
mod connections;
pub mod error;
pub mod limits;
mod listener;
pub mod refusal;
mod request;
pub mod request_head;
pub mod server;
mod stream;
