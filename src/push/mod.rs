//! The protocol: one message to one browser, or to many. It does not know our files, the terminal or the HTTP server, and uses no
//! other folder. The story: `subscription` and `message` become a `request`, `sender` posts it by `client`, `result` says how it
//! ended. What the other folders use is re-exported here.

mod agent;
mod answer;
mod client;
mod diagnosis;
mod dns_cache;
mod encryption;
mod endpoint;
mod fan_out;
mod local_error;
mod message;
mod request;
mod result;
mod retry;
mod sender;
mod subscription;
mod vapid;
mod vendor;

pub use answer::Answer;
pub use client::{Client, SendError, Unreachable};
pub use diagnosis::{Diagnosis, Interface, diagnose};
pub use encryption::{BRIDGED_PAYLOAD_BYTES, Hkdf, MAX_BODY_BYTES, MAX_PAYLOAD_BYTES, encrypt};
pub use endpoint::Endpoint;
pub use fan_out::{Pushed, Queue};
pub use local_error::LocalError;
pub use message::{DEFAULT_TTL, MAX_TTL_SECONDS, Message, Notification, Topic, Urgency};
pub use request::{Header, PushRequest, RequestError};
pub use result::{Class, PushResult};
pub use retry::MAX_TRIES;
pub use sender::Sender;
pub use subscription::Subscription;
pub use vapid::{DEFAULT_SUBJECT, Subject, TOKEN_HEADER, Token, VapidKey, generate_vapid_pem};
pub use vendor::{Place, Rules, Vendor};
