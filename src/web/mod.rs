//! What a page calls: routes, what each of them does, the page's own files. May use `push`, `store` and `http`.

pub mod about;
pub mod allow_list;
pub mod api;
pub mod assets;
pub mod handler;
pub mod host;
pub mod log;
pub mod reply;
pub mod routes;
