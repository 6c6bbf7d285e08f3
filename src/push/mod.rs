//! The protocol: one message to one browser, or to many. Knows no file, no terminal and no HTTP server; may use nothing else here.

mod agents;
pub mod answer;
pub mod client;
pub mod diagnosis;
mod dns_cache;
pub mod encryption;
pub mod endpoint;
pub mod fan_out;
pub mod message;
pub mod proxy;
pub mod request;
pub mod result;
pub mod retry;
mod roots;
pub mod sender;
pub mod subscription;
pub mod vapid;
pub mod vendor;
