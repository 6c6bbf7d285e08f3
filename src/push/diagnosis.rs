//! Why a push was not accepted and what to do about it, for the page and for `notify`. What an answer means is in
//! `diagnosis/table.rs`; what it means that no answer came is here.

mod table;

use std::time::Duration;

use ureq::http::StatusCode;

use super::{Answer, Endpoint, SendError, Unreachable, Vendor};

/// A clock that is less far off than this spoils no token of ours: it is the least time that one has left when it is sent.
const CLOCK_SKEW: Duration = Duration::from_secs(60 * 60);

/// One sentence on why, one on what to do next; neither with a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Why the push service answered so.
    pub cause: String,
    /// What to do next.
    pub cure: String,
}

/// Where a cure is shown. Only the command line has options to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    /// On the page.
    Page,
    /// On the command line of `notify`.
    CommandLine,
}

/// What to do next, as each interface words it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cure {
    /// The same text on both, which names no option.
    Both(&'static str),
    /// The page's text, and that of the command line.
    Each(&'static str, &'static str),
}

/// What to do about a subscription that was made with another VAPID key.
pub(super) const SAME_KEY: &str =
    "open the page, which subscribes again with the server's key, or restore the key that it was made with";

impl Cure {
    pub(super) fn for_interface(self, interface: Interface) -> &'static str {
        match (self, interface) {
            (Cure::Both(text), _) => text,
            (Cure::Each(page, _), Interface::Page) => page,
            (Cure::Each(_, command_line), Interface::CommandLine) => command_line,
        }
    }
}

/// Cause and cure of a push that the push service of `endpoint` did not accept.
pub fn diagnose(endpoint: &Endpoint, error: &SendError, interface: Interface) -> Diagnosis {
    let answer = match error {
        SendError::Unreachable(why) => return unreachable(endpoint, why, interface),
        SendError::Gone(answer) | SendError::Busy(answer) | SendError::Refused(answer) => answer,
    };
    let mut diagnosis = clock(answer).unwrap_or_else(|| {
        let row = table::look_up(endpoint, answer);
        let (cause, cure) = row.map_or(("", ""), |row| (row.cause, row.cure.for_interface(interface)));
        Diagnosis { cause: cause.into(), cure: cure.into() }
    });
    if let (SendError::Busy(_), Some(wait)) = (error, answer.retry_after) {
        diagnosis.cure = format!("wait {} s as it asks, then send again", wait.as_secs());
    }
    diagnosis
}

/// Push services check the times of a token before anything else (RFC 8292 section 2).
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
    (skew >= CLOCK_SKEW).then(|| Diagnosis {
        cause: format!("this machine's clock is {off} {side} the push service's, so the token's expiry is wrong"),
        cure: "set this machine's clock, then send again".into(),
    })
}

fn unreachable(endpoint: &Endpoint, why: &Unreachable, interface: Interface) -> Diagnosis {
    if let Unreachable::ProxyDown(variable, _) | Unreachable::ProxyRefused(variable, _) = why {
        return proxy(variable, why);
    }
    let (cause, cure) = match why {
        Unreachable::Name => {
            ("its host name has no address", Cure::Both("check this machine's DNS and its connection to the internet"))
        }
        Unreachable::Refused if endpoint.vendor() == Vendor::Other => (
            "no program listens on its port",
            Cure::Both("start your push service, and check the port in the subscription's endpoint"),
        ),
        Unreachable::Tls(_) => (
            "its certificate is not trusted here",
            Cure::Both(
                "behind a proxy that reads TLS, or with a push service of your own, name the authority: SSL_CERT_FILE=ca.pem",
            ),
        ),
        Unreachable::Timeout(_) => (
            "it is slow, or something on the way drops the connection",
            Cure::Each("send again in a minute", "send again, or wait longer with --timeout"),
        ),
        Unreachable::NotHttp => (
            "another program than a push service answers at that address",
            Cure::Both("check for a captive portal or a proxy, and the port in the subscription's endpoint"),
        ),
        _ => (
            "something between here and it ends the connection",
            Cure::Both("check this machine's connection to the internet, its firewall and HTTPS_PROXY"),
        ),
    };
    Diagnosis { cause: cause.into(), cure: cure.for_interface(interface).into() }
}

fn proxy(variable: &str, why: &Unreachable) -> Diagnosis {
    let (cause, cure) = match why {
        Unreachable::ProxyRefused(_, StatusCode::PROXY_AUTHENTICATION_REQUIRED) => (
            "the proxy wants a name and a password",
            format!("give a name and a password in {variable}: http://name:password@host:port"),
        ),
        Unreachable::ProxyRefused(..) => (
            "the proxy does not connect to this push service",
            format!("ask who runs the proxy to allow this push service, or unset {variable}"),
        ),
        _ => (
            "the push service was not asked, because every request goes through the proxy",
            format!("check the host and port in {variable} and that the proxy runs, or unset {variable}"),
        ),
    };
    Diagnosis { cause: cause.into(), cure }
}

#[cfg(test)]
mod tests;
