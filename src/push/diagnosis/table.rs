//! The table: whose answer, which status, which sign in it; then the cause and the cure. The first row that fits holds.

use Sign::{Any, Errno, ErrnoSaying, Saying};
use Vendor::{Apple, Google, Mozilla, Windows};

use super::Diagnosis;
use crate::push::answer::Answer;
use crate::push::vendor::Vendor;

/// One meaning of an answer.
struct Row {
    /// Whose push service; `None`: everybody's.
    vendor: Option<Vendor>,
    /// The HTTP status, from and to; `ANY`: the sign says it all.
    status: (u16, u16),
    sign: Sign,
    cause: &'static str,
    cure: &'static str,
}

/// What in the answer tells this row from its neighbours.
enum Sign {
    Any,
    /// In the push service's words, upper and lower case alike.
    Saying(&'static str),
    /// Mozilla's number.
    Errno(u16),
    /// Mozilla's number is for everything about VAPID; the words tell what.
    ErrnoSaying(u16, &'static str),
}

const ANY: (u16, u16) = (0, 999);
const AUTH: (u16, u16) = (401, 403);

const fn row(vendor: Option<Vendor>, status: (u16, u16), sign: Sign, cause: &'static str, cure: &'static str) -> Row {
    Row { vendor, status, sign, cause, cure }
}

const OTHER_KEY: &str = "the subscription was made with another VAPID key";
pub(super) const SAME_KEY: &str =
    "open the page, it subscribes anew with this key; or put the key back that it was made with";
const SUBSCRIBE: &str = "open the page and press Subscribe";
const REPORT: &str = "look at the request with --explain; when it looks right, report it with the version of barepush";
const SHORTEN: &str = "shorten the payload, or send a URL and let the service worker fetch the rest";
const LATER: &str = "send again in a minute";

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Apple: a word in "reason". VapidPkHashMismatch has been seen under 400 and under 403: the word decides.
    row(None, ANY, Saying("VapidPkHashMismatch"), OTHER_KEY, SAME_KEY),
    row(None, ANY, Saying("BadJwtToken"),
        "Apple does not take the token: most often for its subject, else for the clock, the audience or the key",
        "give --subject (VAPID_SUBJECT) a mailto: or https: contact at a public domain first; then check this machine's clock"),
    row(None, ANY, Saying("BadAuthorizationHeader"), "the Authorization header did not arrive as it was sent",
        "look for a proxy that changes headers (HTTPS_PROXY)"),
    row(None, ANY, Saying("BadVapidPublicKey"), "the VAPID public key is no key that Apple can read",
        "check that VAPID_PRIVATE_KEY or keys/vapid_private.pem is the key you mean: notify --show-public-key"),
    row(None, ANY, Saying("BadTtl"), "the TTL is outside of what Apple takes", "give --ttl between 0 and 2419200 seconds (four weeks)"),
    row(None, ANY, Saying("BadUrgency"), "the urgency is none of the four", "give --urgency very-low, low, normal or high"),
    row(None, ANY, Saying("BadWebPushTopic"), "the topic does not decode as base64url, or is longer than 32 characters",
        "give --topic 4, 8, 12, ... or 32 letters of A-Z a-z 0-9 - _"),
    row(None, ANY, Saying("BadWebPushRequest"), "Apple finds the request malformed", REPORT),
    row(None, ANY, Saying("BadPath"), "the endpoint's path is none of Apple's: it was cut or mistyped", SUBSCRIBE),
    row(None, ANY, Saying("PayloadTooLarge"), "the body is larger than the 4096 bytes that Apple takes", SHORTEN),
    row(None, ANY, Saying("TooManyRequests"), "too many messages for this subscription in too short a time", LATER),
    row(None, ANY, Saying("Unregistered"), "the browser unsubscribed, or its permission was withdrawn", SUBSCRIBE),

    // FCM: a sentence, or a page with it as its title.
    row(None, ANY, Saying("UnauthorizedRegistration"),
        "the subscription belongs to another sender: it was made with a GCM sender ID or another key", SAME_KEY),
    row(Some(Google), (403, 403), Saying("correspond"), OTHER_KEY, SAME_KEY),
    row(Some(Google), (403, 403), Saying("aud"), "the token's audience is not the endpoint's origin", REPORT),
    row(Some(Google), (403, 403), Saying("invalid JWT"), "FCM cannot read the token: its expiry, its form or its signature", 
        "check this machine's clock, then the token with --explain"),
    row(Some(Google), AUTH, Any, "FCM does not take the token: the key is not the one it was subscribed with, or the audience is wrong", SAME_KEY),

    // Mozilla: "errno"; 109 is everything about VAPID.
    row(None, ANY, Errno(101), "a header of the encryption is missing", REPORT),
    row(None, ANY, Errno(102), "the endpoint is damaged, and never becomes valid", SUBSCRIBE),
    row(None, ANY, Errno(103), "the subscription has expired", SUBSCRIBE),
    row(Some(Mozilla), ANY, Errno(104),
        "the message is too large: 4096 bytes are taken, fewer for phones behind a bridge",
        "shorten the payload to 2744 bytes, which every phone takes"),
    row(None, ANY, Errno(104), "the message is larger than it takes", SHORTEN),
    row(None, ANY, Errno(105), "the browser unsubscribed while the message was on its way", SUBSCRIBE),
    row(None, ANY, Errno(106), "the browser unsubscribed, or its permission was withdrawn", SUBSCRIBE),
    row(None, ANY, Errno(107), "the endpoint names no bridge that it knows", SUBSCRIBE),
    row(None, ANY, Errno(108), "the endpoint names no bridge that it knows", SUBSCRIBE),
    row(None, ANY, ErrnoSaying(109, "mismatch"), OTHER_KEY, SAME_KEY),
    row(None, ANY, ErrnoSaying(109, "ExpiredSignature"), "the token has expired: this machine's clock is behind",
        "set this machine's clock, then send again"),
    row(None, ANY, ErrnoSaying(109, "too long"), "the token expires more than 24 h ahead: this machine's clock is ahead",
        "set this machine's clock, then send again"),
    row(None, ANY, ErrnoSaying(109, "audience"), "the token's audience is not the push service's own origin",
        "subscribe and send by the same host name, with no proxy that changes the port"),
    row(None, ANY, ErrnoSaying(109, "InvalidSignature"), "the token was not signed by the key sent with it", REPORT),
    row(None, ANY, ErrnoSaying(109, "Missing"), "the Authorization header did not arrive",
        "look for a proxy that drops headers (HTTPS_PROXY)"),
    row(None, ANY, Errno(109), "the VAPID token was not taken", "check this machine's clock, then the token with --explain"),
    row(None, ANY, Errno(110), "a header of the encryption did not arrive as it was sent",
        "look for a proxy that changes headers (HTTPS_PROXY)"),
    row(None, ANY, Errno(111), "the TTL header did not arrive", "look for a proxy that drops headers (HTTPS_PROXY)"),
    row(None, ANY, Errno(112), "the TTL is no number that it takes", "give --ttl between 0 and 2592000 seconds (30 days)"),
    row(None, ANY, Errno(113), "the topic is longer than 32 characters, or not base64url",
        "give --topic 4, 8, 12, ... or 32 letters of A-Z a-z 0-9 - _"),
    row(None, ANY, Errno(114), "the TTL is negative", "give --ttl between 0 and 2592000 seconds (30 days)"),

    // WNS: words in X-WNS-Error-Description, if any.
    row(Some(Windows), (400, 400), Saying("ttl"), "WNS takes TTL 0 only together with X-WNS-Cache-Policy: no-cache",
        "give --ttl 60 or more"),
    row(Some(Windows), (400, 400), Saying("cache"), "WNS takes TTL 0 only together with X-WNS-Cache-Policy: no-cache",
        "give --ttl 60 or more"),
    row(Some(Windows), (400, 400), Any, "WNS finds a header malformed", REPORT),
    row(Some(Windows), AUTH, Any, "WNS does not take the token: the key is not the one it was subscribed with, or the clock is off", SAME_KEY),
    row(Some(Windows), (406, 406), Any, "WNS throttles this sender", LATER),
    row(Some(Windows), (429, 429), Any, "WNS throttles this sender", LATER),

    // What a status means wherever it comes from (RFC 8030, RFC 9110).
    row(None, (300, 399), Any, "it names another address, and redirects are not followed: an endpoint is not to be given to strangers", SUBSCRIBE),
    row(None, (400, 400), Any, "a header is missing or malformed", REPORT),
    row(Some(Apple), AUTH, Any, "Apple does not take the token: most often for its subject, else for the clock, the audience or the key",
        "give --subject (VAPID_SUBJECT) a mailto: or https: contact at a public domain first; then check this machine's clock"),
    row(None, AUTH, Any, "the token was not taken: the key is not the one it was subscribed with, or the clock is off", SAME_KEY),
    row(None, (404, 404), Any, "it does not know this endpoint; that has been an outage before, so the line is kept aside", SUBSCRIBE),
    row(None, (405, 405), Any, "what answers at that address takes no messages", "check the endpoint's host and port"),
    row(None, (407, 407), Any, "a proxy wants to know who you are", "give name and password in HTTPS_PROXY"),
    row(None, (408, 408), Any, "the request did not arrive in time", LATER),
    row(None, (410, 410), Any, "the browser unsubscribed, or its permission was withdrawn", SUBSCRIBE),
    row(Some(Mozilla), (413, 413), Any, "the message is too large: 4096 bytes are taken, fewer for phones behind a bridge",
        "shorten the payload to 2744 bytes, which every phone takes"),
    row(None, (413, 413), Any, "the message is larger than it takes", SHORTEN),
    row(None, (429, 429), Any, "too many messages in too short a time", LATER),
    row(None, (400, 499), Any, "it does not take the request", REPORT),
    row(None, (502, 502), Any, "it cannot reach what stands behind it: a phone's own push service, say", LATER),
    row(None, (503, 503), Any, "it is overloaded or being repaired", LATER),
    row(None, (504, 504), Any, "what stands behind it did not answer in time", LATER),
    row(None, (500, 599), Any, "it failed on its own side", LATER),
    row(None, ANY, Any, "its answer is none that RFC 8030 knows", "check the endpoint's host and port"),
];

impl Row {
    fn fits(&self, vendor: Vendor, answer: &Answer) -> bool {
        let (from, to) = self.status;
        let says = |words: &str| {
            let reason = answer.reason.as_deref().unwrap_or_default().to_ascii_lowercase();
            reason.contains(&words.to_ascii_lowercase())
        };
        self.vendor.is_none_or(|whose| whose == vendor)
            && (from..=to).contains(&answer.status.as_u16())
            && match self.sign {
                Any => true,
                Saying(words) => says(words),
                Errno(errno) => answer.errno == Some(errno),
                ErrnoSaying(errno, words) => answer.errno == Some(errno) && says(words),
            }
    }
}

/// The first row that fits.
pub(super) fn look_up(vendor: Vendor, answer: &Answer) -> Diagnosis {
    let row = find(vendor, answer).and_then(|index| TABLE.get(index));
    // The last row fits everything.
    let (cause, cure) = row.map_or(("", ""), |row| (row.cause, row.cure));
    Diagnosis::new(cause, cure)
}

fn find(vendor: Vendor, answer: &Answer) -> Option<usize> {
    TABLE.iter().position(|row| row.fits(vendor, answer))
}

#[cfg(test)]
mod tests;
