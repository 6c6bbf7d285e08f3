//! The protocol: one message to one browser, or to many. It does not know our files, the terminal or the HTTP server, and uses no
//! other folder. The story: `subscription` and `message` become a `request`, `sender` posts it by `client`, `result` says how it ended.

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
