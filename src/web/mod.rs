//! What a page calls: routes, what each of them does, the page's own files. May use `push`, `store` and `http`.

pub mod allow_list;
mod api;
mod application;
pub mod assets;
pub mod handler;
mod host;
mod log;
mod notify_request;
mod pushing;
mod reply;
pub mod routes;

pub use application::Application;
pub use host::Host;
pub use log::Log;
pub use reply::Reply;
