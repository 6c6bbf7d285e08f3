//! What a push service's answer means and what to do about it: the one place behind notify and page. The table of answers is
//! in `advice/table.rs`.

mod table;

use std::time::Duration;

use ureq::http::StatusCode;

use crate::push::answer::Answer;
use crate::push::client::{SendError, Unreachable};
use crate::push::vendor::Vendor;

/// A clock less far off than this breaks no token of ours: it is the least time one has left when it is sent.
const CLOCK_SKEW: Duration = Duration::from_secs(60 * 60);

/// One sentence on why, one on what to do next; neither with a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Why the push service answered so.
    pub cause: String,
    /// What to do next.
    pub cure: String,
}

impl Diagnosis {
    fn new(cause: impl Into<String>, cure: impl Into<String>) -> Diagnosis {
        Diagnosis { cause: cause.into(), cure: cure.into() }
    }
}

/// Whether this cure is for a subscription whose push service did not accept our VAPID key.
pub(super) fn is_for_another_key(cure: &str) -> bool {
    cure == table::SAME_KEY
}

/// Cause and cure of a push that `vendor`'s push service did not accept.
pub fn on(vendor: Vendor, error: &SendError) -> Diagnosis {
    match error {
        SendError::Unreachable(why) => unreachable(vendor, why),
        SendError::Gone(answer) | SendError::Busy(answer) | SendError::Refused(answer) => {
            let advice = clock(answer).unwrap_or_else(|| table::look_up(vendor, answer));
            match (error, answer.retry_after) {
                (SendError::Busy(_), Some(wait)) => {
                    Diagnosis { cure: format!("wait {} s as it asks, then send again", wait.as_secs()), ..advice }
                }
                _ => advice,
            }
        }
    }
}

/// A token is refused for its times before anything else is looked at (RFC 8292 section 2).
fn clock(answer: &Answer) -> Option<Diagnosis> {
    let theirs = answer.date.filter(|_| matches!(answer.status.as_u16(), 401 | 403))?;
    let (skew, side) = match answer.received.duration_since(theirs) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    let minutes = skew.as_secs() / 60;
    let off = match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    };
    (skew >= CLOCK_SKEW).then(|| {
        Diagnosis::new(
            format!("this machine's clock is {off} {side} the push service's, so the token's expiry is wrong"),
            "set this machine's clock, then send again",
        )
    })
}

fn unreachable(vendor: Vendor, why: &Unreachable) -> Diagnosis {
    let (cause, cure) = match why {
        Unreachable::ProxyDown(variable, _) => {
            let cure = format!("check the host and port in {variable} and that the proxy runs, or unset {variable}");
            return Diagnosis::new(
                "the push service was not asked, because every request goes through the proxy",
                cure,
            );
        }
        Unreachable::ProxyRefused(variable, StatusCode::PROXY_AUTHENTICATION_REQUIRED) => {
            let cure = format!("give a name and a password in {variable}: http://name:password@host:port");
            return Diagnosis::new("the proxy wants to know who you are", cure);
        }
        Unreachable::ProxyRefused(variable, _) => {
            let cure = format!("ask who runs the proxy to allow this push service, or unset {variable}");
            return Diagnosis::new("the proxy does not connect to this push service", cure);
        }
        Unreachable::Name => {
            ("its host name has no address", "check this machine's DNS and its connection to the internet")
        }
        Unreachable::Refused if vendor == Vendor::Other => {
            ("nobody listens at its port", "start your push service, and check the port in the subscription's endpoint")
        }
        Unreachable::Refused | Unreachable::Lost(_) | Unreachable::Network(_) => (
            "something between here and it ends the connection",
            "check this machine's connection to the internet, its firewall and HTTPS_PROXY",
        ),
        Unreachable::Tls(_) => (
            "its certificate is not trusted here",
            "behind a proxy that reads TLS, or with a push service of your own, name the authority: SSL_CERT_FILE=ca.pem",
        ),
        Unreachable::Timeout(_) => {
            ("it is slow, or something swallows the connection", "send again, or wait longer with --timeout")
        }
        Unreachable::NotHttp => (
            "something else than a push service answers at that address",
            "check for a captive portal or a proxy, and the port in the subscription's endpoint",
        ),
    };
    Diagnosis::new(cause, cure)
}

#[cfg(test)]
mod tests;
