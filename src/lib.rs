//! The least server that can push a notification to a browser, done properly.

pub mod advice;
pub mod application;
pub mod certificate;
pub mod encryption;
pub mod endpoint;
pub mod failure;
pub mod file;
pub mod gate;
pub mod greeting;
pub mod listener;
pub mod log;
pub mod message;
pub mod outcome;
pub mod push;
pub mod push_service;
pub mod routes;
pub mod store;
pub mod subscription;
pub mod vapid;
pub mod www;
