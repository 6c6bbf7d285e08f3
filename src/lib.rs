//! The least server that can push a notification to a browser, done properly.
//!
//! Web push has three parties. A **user agent** (the browser) subscribes at its vendor's **push service** and hands the
//! **subscription** to an **application server**: us. Later we post a **message** to the subscription's **endpoint**; the push
//! service keeps it until the browser is there, and the page's service worker shows a notification.
//!
//! ```text
//!  page, sw.js                    barepush                                        push service
//!      | subscribe(VAPID key)  ------------------------------------------------------->  |
//!      | <------------------------------------------------------------  endpoint, keys   |
//!      | POST /add-subscription ---> routes -> application -> store (subscription.txt)    |
//!      |                                           |                                      |
//!      |                             message + subscription + vapid -> push  --- POST --> |
//!      | <------------------------------------------------------------------ push event   |
//! ```
//!
//! Each conversion happens once and each stage is a type: [`subscription::Subscription`] and [`message::Message`] become a
//! [`push::PushRequest`] with the [`vapid::VapidKey`], without a network; [`push::Client`] posts it; [`outcome::Outcome`] tells
//! in words what became of it.
//!
//! The rooms, lower ones never import higher ones:
//!
//! | who is let in | what is answered | one push | what is stored |
//! |---|---|---|---|
//! | [`listener`], [`certificate`] | [`routes`], [`site`], [`www`] | [`push`], [`outcome`], [`advice`] | [`store`], [`mod@file`] |
//! | [`gate`], [`connection`] | [`application`], [`push_service`] | [`encryption`], [`vapid`], [`message`] | [`subscription`], [`endpoint`] |
//!
//! To many: [`fan_out`], with [`retry`] and [`record`]. For notify alone, [`explain`] walks through one push.
//!
//! And for people: [`greeting`], [`log`], [`failure`].

pub mod advice;
pub mod application;
pub mod certificate;
pub mod connection;
pub mod encryption;
pub mod endpoint;
pub mod explain;
pub mod failure;
pub mod fan_out;
pub mod file;
pub mod gate;
pub mod greeting;
pub mod listener;
pub mod log;
pub mod message;
pub mod outcome;
pub mod push;
pub mod push_service;
pub mod record;
pub mod retry;
pub mod routes;
pub mod site;
pub mod store;
pub mod subscription;
pub mod vapid;
pub mod www;
