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
//!      | POST /add-subscription ---> web::routes -> web::api -> store (subscription.txt)  |
//!      |                                               |                                  |
//!      |     first notification:  message + subscription + VAPID key -> push --- POST --> |
//!      | <------------------------------------------------------------------ push event   |
//! ```
//!
//! Each conversion happens once and each stage is a type: [`push::Subscription`] and [`push::Message`]
//! become a [`push::PushRequest`] with the [`push::VapidKey`], without a network; [`push::Client`] posts
//! it; [`push::PushResult`] holds what happened. [`push::Sender`] does these steps in this order for every push.
//!
//! To follow one subscription and one message, read these files in this order: `web/routes.rs`, `web/api.rs`,
//! `push/subscription.rs`, `store/subscriptions.rs`, `push/sender.rs`, `push/request.rs`, `push/encryption.rs`, `push/vapid.rs`,
//! `push/client.rs`, and last `www/sw.js`, which shows the notification. `notify` joins them at `push/sender.rs`.
//!
//! The folders, and what each may use:
//!
//! | folder | contains | may use |
//! |---|---|---|
//! | [`push`] | the protocol: one message to one browser, or to many | nothing else here |
//! | [`store`] | the files: subscriptions and keys | `push` |
//! | [`http`] | sockets, TLS and bounded HTTP/1.1 in front of tiny_http | `store` |
//! | [`web`] | what a page calls: routes, what they do, the page's files | `push`, `store`, `http` |
//! | [`cli`] | what both programs share on the command line | `push`, `store` |
//! | `bin` | the two programs, `server` and `notify` | all of them |

pub mod cli;
pub mod http;
pub mod push;
pub mod store;
pub mod web;
