//! What each answer means: whose it is, its status, its errno, its words; then the cause and the cure. The first row that fits
//! counts. Add a row here when a push service gives an answer that the general rows at the end do not explain.

use Whose::{At, Everyones, Of};

use super::Cure::{Both, Each};
use super::{Cure, SAME_KEY};
use crate::push::Vendor::{Apple, Google, Mozilla, Windows};
use crate::push::{Answer, Endpoint, Vendor};

/// One meaning of an answer.
pub(super) struct Row {
    whose: Whose,
    /// The HTTP status, from and to.
    status: (u16, u16),
    /// Mozilla's number in the answer; 0: any, or none.
    errno: u16,
    /// What the push service's words contain, in upper or lower case.
    words: &'static str,
    pub(super) cause: &'static str,
    pub(super) cure: Cure,
}

enum Whose {
    Everyones,
    Of(Vendor),
    /// That of the push service at this host.
    At(&'static str),
}

const fn row(
    whose: Whose,
    status: (u16, u16),
    errno: u16,
    words: &'static str,
    cause: &'static str,
    cure: Cure,
) -> Row {
    Row { whose, status, errno, words, cause, cure }
}

/// Any status.
const ANY: (u16, u16) = (0, 999);
const AUTH: (u16, u16) = (401, 403);

const OTHER_KEY: &str = "the subscription was made with another VAPID key";
const SUBSCRIBE: Cure = Both("open the page and press Subscribe");
const REPORT: Cure = Each(
    "report it with the version of barepush",
    "look at the request with --explain; if it looks right, report it with the version of barepush",
);
const SHORTEN: Cure = Both("shorten the payload, or send a URL and let the service worker fetch the rest");
const SHORTEN_FOR_PHONES: Cure = Both("shorten the payload to 2744 bytes, which every phone takes");
const LATER: Cure = Both("send again in a minute");
const PROXY_CHANGES: Cure = Both("look for a proxy that changes headers (HTTPS_PROXY)");
const PROXY_DROPS: Cure = Both("look for a proxy that drops headers (HTTPS_PROXY)");
const CLOCK: Cure = Both("set this machine's clock, then send again");
const CLOCK_OR_TOKEN: Cure = Each(
    "check this machine's clock; if it is right, report this with the version of barepush",
    "check this machine's clock, then the token with --explain",
);
const HOST: Cure = Both("check the endpoint's host and port");
const MOZILLA_TTL: Cure =
    Each("choose a TTL between 0 and 2592000 seconds (30 days)", "give --ttl between 0 and 2592000 seconds (30 days)");
const WINDOWS_TTL: Cure = Each("choose a TTL of 60 seconds or more", "give --ttl 60 or more");
const TOPIC: Cure = Each(
    "choose a topic of 4, 8, 12, ... or 32 characters of A-Z a-z 0-9 - _",
    "give --topic 4, 8, 12, ... or 32 characters of A-Z a-z 0-9 - _",
);
const APPLE_TOKEN: &str =
    "Apple does not accept the token: most often because of its subject, else of the clock, the audience or the key";
const APPLE_SUBJECT: Cure = Each(
    "set VAPID_SUBJECT to a mailto: or https: contact at a public domain first; then check this machine's clock",
    "give --subject (or VAPID_SUBJECT) a mailto: or https: contact at a public domain first; then check this machine's clock",
);

#[rustfmt::skip]
static TABLE: &[Row] = &[
    // Whose, status, errno (0: any), words ("": any); cause, cure.

    // Apple: a word in "reason". VapidPkHashMismatch has been seen under 400 and under 403, so the word decides.
    row(Everyones, ANY, 0, "VapidPkHashMismatch", OTHER_KEY, Both(SAME_KEY)),
    row(Everyones, ANY, 0, "BadJwtToken", APPLE_TOKEN, APPLE_SUBJECT),
    row(Everyones, ANY, 0, "BadAuthorizationHeader", "the Authorization header did not arrive as it was sent", PROXY_CHANGES),
    row(Everyones, ANY, 0, "BadVapidPublicKey", "Apple cannot read the VAPID public key", Each(
        "check that VAPID_PRIVATE_KEY or keys/vapid_private.pem is the key that you mean",
        "check that VAPID_PRIVATE_KEY or keys/vapid_private.pem is the key that you mean: notify --show-public-key")),
    row(Everyones, ANY, 0, "BadTtl", "the TTL is outside of Apple's range", Each(
        "choose a TTL between 0 and 2419200 seconds (four weeks)", "give --ttl between 0 and 2419200 seconds (four weeks)")),
    row(Everyones, ANY, 0, "BadUrgency", "the urgency is not one of the four", Each(
        "choose the urgency very-low, low, normal or high", "give --urgency very-low, low, normal or high")),
    row(Everyones, ANY, 0, "BadWebPushTopic", "the topic does not decode as base64url, or is longer than 32 characters", TOPIC),
    row(Everyones, ANY, 0, "BadWebPushRequest", "Apple calls the request malformed", REPORT),
    row(Everyones, ANY, 0, "BadPath", "Apple does not know the endpoint's path: it was cut or mistyped", SUBSCRIBE),
    row(Everyones, ANY, 0, "PayloadTooLarge", "the body is larger than the 4096 bytes that Apple takes", SHORTEN),
    row(Everyones, ANY, 0, "TooManyRequests", "this subscription got too many messages in too short a time", LATER),

    // FCM: a sentence, or a page with it as its title.
    row(Everyones, ANY, 0, "UnauthorizedRegistration",
        "the subscription belongs to another sender: it was made with a GCM sender ID or another key", Both(SAME_KEY)),
    row(Of(Google), (403, 403), 0, "correspond", OTHER_KEY, Both(SAME_KEY)),
    row(Of(Google), (403, 403), 0, "aud", "the token's audience is not the endpoint's origin", REPORT),
    row(Of(Google), (403, 403), 0, "invalid JWT", "FCM cannot read the token: its expiry, its form or its signature is wrong",
        CLOCK_OR_TOKEN),
    row(Of(Google), AUTH, 0, "", "FCM does not accept the token: the key is not the one that the browser subscribed with, or the audience is wrong",
        Both(SAME_KEY)),
    // Unbranded Chromium is given endpoints at Google's staging host, which has been seen to call fresh subscriptions expired. The flag
    // makes it use another path, on FCM's own host.
    row(At("jmt17.google.com"), (404, 410), 0, "",
        "the browser unsubscribed, or this host, which Chromium without Google's branding uses, lost a fresh subscription", Both(
        "subscribe again; if that ends so too, start Chromium with --enable-features=PushMessagingGcmEndpointWebpushPath first")),
    row(Of(Google), (404, 404), 0, "", "FCM drops the subscriptions of a browser that it has not seen for nine months", SUBSCRIBE),
    row(Of(Google), (410, 410), 0, "",
        "the browser unsubscribed, or its permission was withdrawn: Chrome does that itself to sites whose notifications find little interest",
        Both("open the page, allow notifications and press Subscribe")),
    row(Of(Google), (429, 429), 0, "",
        "too many messages in too short a time; Google limits sites with many pushes and little interest to 1,000 a minute for up to 14 days",
        Both("send again in a minute; if that is refused too, send fewer messages for up to 14 days")),

    // Mozilla: "errno"; 109 stands for everything about VAPID.
    row(Everyones, ANY, 101, "", "a header of the encryption is missing", REPORT),
    row(Everyones, ANY, 102, "", "the endpoint is damaged, and never becomes valid", SUBSCRIBE),
    row(Everyones, ANY, 103, "", "the subscription has expired", SUBSCRIBE),
    row(Everyones, ANY, 105, "", "the browser unsubscribed while the message was on its way", SUBSCRIBE),
    row(Everyones, ANY, 107, "", "the endpoint names a bridge that the push service does not know", SUBSCRIBE),
    row(Everyones, ANY, 108, "", "the endpoint names a bridge that the push service does not know", SUBSCRIBE),
    row(Everyones, ANY, 109, "mismatch", OTHER_KEY, Both(SAME_KEY)),
    row(Everyones, ANY, 109, "ExpiredSignature", "the token has expired: this machine's clock is behind", CLOCK),
    row(Everyones, ANY, 109, "too long", "the token expires more than 24 h ahead: this machine's clock is ahead", CLOCK),
    row(Everyones, ANY, 109, "audience", "the token's audience is not the push service's own origin",
        Both("subscribe and send by the same host name, without a proxy that changes the port")),
    row(Everyones, ANY, 109, "InvalidSignature", "the token was not signed by the key sent with it", REPORT),
    row(Everyones, ANY, 109, "Missing", "the Authorization header did not arrive", PROXY_DROPS),
    row(Everyones, ANY, 109, "", "the VAPID token was not accepted", CLOCK_OR_TOKEN),
    row(Everyones, ANY, 110, "", "a header of the encryption did not arrive as it was sent", PROXY_CHANGES),
    row(Everyones, ANY, 111, "", "the TTL header did not arrive", PROXY_DROPS),
    row(Everyones, ANY, 112, "", "the TTL is not a number in the push service's range", MOZILLA_TTL),
    row(Everyones, ANY, 113, "", "the topic is longer than 32 characters, or not base64url", TOPIC),
    row(Everyones, ANY, 114, "", "the TTL is negative", MOZILLA_TTL),

    // WNS: words in X-WNS-Error-Description, if any.
    row(Of(Windows), (400, 400), 0, "ttl", "WNS accepts TTL 0 only together with X-WNS-Cache-Policy: no-cache", WINDOWS_TTL),
    row(Of(Windows), (400, 400), 0, "cache", "WNS accepts TTL 0 only together with X-WNS-Cache-Policy: no-cache", WINDOWS_TTL),
    row(Of(Windows), (400, 400), 0, "", "WNS calls a header malformed", REPORT),
    row(Of(Windows), AUTH, 0, "", "WNS does not accept the token: the key is not the one that the browser subscribed with, or the clock is off",
        Both(SAME_KEY)),
    row(Of(Windows), (406, 406), 0, "", "WNS throttles this sender", LATER),
    row(Of(Windows), (429, 429), 0, "", "WNS throttles this sender", LATER),

    // What a status means wherever it comes from (RFC 8030, RFC 9110).
    row(Everyones, (300, 399), 0, "", "it redirects to another address, which is not followed because no one else may learn the endpoint", SUBSCRIBE),
    row(Everyones, (400, 400), 0, "", "a header is missing or malformed", REPORT),
    row(Of(Apple), AUTH, 0, "", APPLE_TOKEN, APPLE_SUBJECT),
    row(Everyones, AUTH, 0, "", "the token was not accepted: the key is not the one that the browser subscribed with, or the clock is off",
        Both(SAME_KEY)),
    row(Everyones, (404, 404), 0, "", "it does not know this subscription", SUBSCRIBE),
    row(Everyones, (405, 405), 0, "", "the program at that address does not accept messages", HOST),
    row(Everyones, (407, 407), 0, "", "a proxy wants a name and a password", Both("give a name and a password in HTTPS_PROXY")),
    row(Everyones, (408, 408), 0, "", "the request did not arrive in time", LATER),
    row(Everyones, (410, 410), 0, "", "the browser unsubscribed, or its permission was withdrawn", SUBSCRIBE),
    row(Of(Mozilla), (413, 413), 0, "", "the message is too large: 4096 bytes are accepted, fewer for phones behind a bridge",
        SHORTEN_FOR_PHONES),
    row(Everyones, (413, 413), 0, "", "the message is larger than the push service accepts", SHORTEN),
    row(Everyones, (429, 429), 0, "", "too many messages in too short a time", LATER),
    row(Everyones, (400, 499), 0, "", "it does not accept the request", REPORT),
    row(Everyones, (502, 502), 0, "", "it cannot reach the service behind it, for example a phone's own push service", LATER),
    row(Everyones, (503, 503), 0, "", "it is overloaded or being repaired", LATER),
    row(Everyones, (504, 504), 0, "", "the service behind it did not answer in time", LATER),
    row(Everyones, (500, 599), 0, "", "it failed on its own side", LATER),
    row(Everyones, ANY, 0, "", "its answer is not one that RFC 8030 knows", HOST),
];

impl Row {
    fn fits(&self, endpoint: &Endpoint, answer: &Answer) -> bool {
        let (from, to) = self.status;
        let is_theirs = match self.whose {
            Everyones => true,
            Of(vendor) => vendor == endpoint.vendor(),
            At(host) => endpoint.host().eq_ignore_ascii_case(host),
        };
        let words = answer.reason.as_deref().unwrap_or_default().to_ascii_lowercase();
        is_theirs
            && (from..=to).contains(&answer.status.as_u16())
            && (self.errno == 0 || answer.errno == Some(self.errno))
            && words.contains(&self.words.to_ascii_lowercase())
    }
}

/// The first row that fits; the last one always does.
pub(super) fn look_up(endpoint: &Endpoint, answer: &Answer) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.fits(endpoint, answer))
}

#[cfg(test)]
mod tests;
