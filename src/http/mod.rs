//! Sockets, TLS and bounded HTTP/1.1 in front of tiny_http: "the front" in comments. May use `store`.

mod answer;
mod backend;
pub mod certificate;
mod connection;
mod connections;
pub mod limits;
mod private_socket;
mod refusal;
mod request;
pub mod request_head;
mod server;
mod stream;

pub use certificate::Certificate;
pub use limits::{Limits, raise_descriptor_limit};
pub use refusal::Refusal;
pub use server::{RunningServer, Server};
