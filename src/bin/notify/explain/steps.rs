//! What `--explain` prints about each step besides its values: title, RFC section, the file that does it, and why the step
//! exists. Edit it to change a text; a test checks that every file named here exists.

/// One step of a push.
pub(super) struct Step {
    pub(super) title: &'static str,
    /// The sections of the specifications that define it.
    pub(super) source: &'static str,
    /// Relative to the repository.
    pub(super) file: &'static str,
    /// Why it exists, in lines of at most 100 characters.
    pub(super) why: &'static str,
}

/// One row of this file: title, source, file, why.
const fn step(title: &'static str, source: &'static str, file: &'static str, why: &'static str) -> Step {
    Step { title, source, file, why }
}

const ENCRYPTION_RS: &str = "src/push/encryption.rs";
const SW_JS: &str = "www/sw.js";

pub(super) const SUBSCRIPTION: Step = step(
    "the subscription", "Push API section 8, RFC 8030 section 4", "src/push/subscription.rs",
    "The browser got the endpoint from its push service. It made a key pair and auth_secret itself.\n\
    The push service knows the endpoint, but neither auth_secret nor the browser's private key.");
pub(super) const PAYLOAD: Step = step("the payload", "RFC 8291 section 4", "src/push/message.rs",
    "These bytes are what the service worker gets. They mean nothing to the push service.");
pub(super) const SHARED_SECRET: Step = step(
    "a fresh key pair, and the secret it shares with the browser", "RFC 8291 section 3.1", ENCRYPTION_RS,
    "Why a key pair: sender and browser calculate the same secret, though only public keys travel.\n\
    Why a fresh one: its private half would open this message, but no other one.\n\
    The private half never leaves the cryptography library, which uses it once. So everything below can\n\
    be calculated again by hand from ecdh_secret on, but ecdh_secret itself cannot.");
pub(super) const KEYING_MATERIAL: Step = step(
    "the keying material, which needs auth_secret too", "RFC 8291 section 3.3", ENCRYPTION_RS,
    "Why auth_secret: anybody who knows ua_public could have done the step above.\n\
    Only the browser and we know auth_secret, so only we can make a message that the browser accepts.");
pub(super) const CONTENT_KEY: Step = step("the content encryption key", "RFC 8188 section 2.2", ENCRYPTION_RS,
    "Why a salt: it is random and new for each message, so no two messages have the same key.");
pub(super) const NONCE: Step = step("the nonce", "RFC 8188 section 2.3", ENCRYPTION_RS,
    "Why a nonce: AES-GCM must never use the same key with the same nonce twice.");
pub(super) const RECORD: Step = step("the record", "RFC 8188 section 2, RFC 8291 section 4", ENCRYPTION_RS,
    "Why padding: encrypted text is as long as its plaintext, and the length can tell what a message says.");
pub(super) const BODY: Step = step("the body", "RFC 8188 section 2.1", ENCRYPTION_RS,
    "Why a header: salt and as_public are what the browser lacks to derive the same keys. Neither is secret.\n\
    The push service can read this header and count the bytes. It cannot read the record.");
pub(super) const TOKEN: Step = step("the token that identifies the sender", "RFC 8292", "src/push/vapid.rs",
    "Why a token: the browser subscribed with our VAPID public key, and the push service remembers which.\n\
    It accepts only messages signed by the private half, so knowing the endpoint is not enough to send.");
pub(super) const REQUEST: Step = step("the request", "RFC 8030 section 5", "src/push/request.rs",
    "The push service can see the endpoint, these headers, the length of the body, our address and the time.\n\
    It cannot see the payload.");
pub(super) const ANSWER: Step = step("the answer", "RFC 8030 section 5", "src/push/answer.rs",
    "A status of 2xx means that the push service has accepted the message, not that a browser has shown it.");
pub(super) const DECRYPTION: Step = step(
    "in the browser: the message is decrypted", "RFC 8291 section 3, RFC 8188 section 2", "push-service/src/decryption.rs does the same",
    "The push service passes the body on over a connection that the browser, or its system, keeps open.\n\
    If a key or the tag does not fit, the browser drops the message, and the sender does not learn of it.");
pub(super) const PUSH_EVENT: Step = step("in the browser: the push event", "Push API, \"The push event\"", SW_JS,
    "The browser starts the page's service worker, if it is not running, and hands the payload to it.\n\
    The page itself need not be open.");
pub(super) const NOTIFICATION: Step = step(
    "in the browser: the notification", "Notifications API, \"Service worker notifications\"", SW_JS,
    "Our page subscribes with userVisibleOnly: it promises to show a notification for each push.\n\
    The operating system displays the notification, unless its settings or a focus mode prevent it.");
