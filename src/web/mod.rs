//! What a page calls: routes, what each of them does, the page's own files. May use `push`, `store` and `http`.

mod about;
mod allow_list;
mod api;
pub mod assets;
pub mod handler;
mod host;
mod log;
mod reply;
pub mod routes;

pub use about::{About, CertificateInfo};
pub use allow_list::AllowedPushServices;
pub use api::{ApiError, Application, Memory};
pub use assets::{Asset, Assets};
pub use host::Host;
pub use log::Log;
pub use reply::Reply;
pub use routes::{Call, Routes};
