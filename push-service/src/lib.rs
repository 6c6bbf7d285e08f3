//! A push service on loopback, for learning and testing web push without the internet.
//!
//! To senders it speaks RFC 8030 as the vendor whose endpoint they post to, and checks what that vendor checks. To Firefox it
//! speaks Mozilla's WebSocket, to Chromium Google's check-in, registration and message channel. It remembers in memory only.
//! The program `push-service` runs it; tests start it by `PushService` in tests/fixture. It never uses barepush, whose messages it judges.
//!
//! | module | contains |
//! |---|---|
//! | `service` | the running push service |
//! | `listener` | a port with one thread for each connection |
//! | `http` | HTTP/1.1 requests, read from a socket |
//! | `response` | HTTP/1.1 responses as bytes |
//! | `routes` | which part answers a request |
//! | `proxy` | the HTTPS proxy to the vendors' real host names, and the throw-away authority behind it |
//! | `messages` | the sender's side: checks a message, then stores or delivers it |
//! | `authorization` | checks the VAPID token |
//! | `decryption` | decrypts what is sent to a simulated browser |
//! | `vendor` | one row for each vendor: hosts, endpoints |
//! | `checks` | the rules for headers, body and subject, vendor by vendor |
//! | `fault` | what can be wrong with a message |
//! | `vendor_answers` | how each vendor answers, accepting or refusing |
//! | `control` | the control interface for tests in any language |
//! | `record` | what has arrived, for tests |
//! | `answers` | what a test sets the push service to answer |
//! | `subscriptions` | subscriptions, each with its vendor and its owner |
//! | `delivery` | stored messages, and the interface to a connected browser |
//! | `mozilla` | Firefox's WebSocket |
//! | `google` | Chromium's check-in, registration and message channel |
//! | `state` | what the threads share |
//! | `certificate` | an authority and the certificates by it |

pub mod answers;
mod authorization;
pub mod certificate;
mod checks;
mod control;
pub mod decryption;
mod delivery;
mod fault;
pub mod google;
mod http;
mod listener;
mod messages;
mod mozilla;
mod proxy;
mod record;
mod response;
mod routes;
mod service;
mod state;
mod subscriptions;
mod vendor;
mod vendor_answers;

use answers::{Answer, Answers, First, GARBAGE, Scope, Then};
pub use authorization::Authorization;
use decryption::{BrowserKeys, random};
use delivery::{BrowserChannel, StoredMessage};
use fault::{Fault, Kind};
use http::{Connection, RequestHead, Socket};
pub use listener::Limits;
use listener::Listener;
use messages::Destination;
use proxy::Authority;
pub use record::Received;
use record::Record;
use response::{Response, reason_phrase};
pub use service::{Service, Settings};
pub use state::{Shared, State};
pub use subscriptions::{Owner, Subscription, tail};
pub use vendor::Vendor;
pub use vendor_answers::Refusal;
use vendor_answers::accepted;
