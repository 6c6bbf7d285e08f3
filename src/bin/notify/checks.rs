//! `--dry-run`: what can be checked before sending, a line for each check.

use barepush::push::{BRIDGED_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES, Message, Subscription, VapidKey, Vendor};

/// The lines, each `name  ok|wrong|unknown: why`.
pub(crate) fn lines(message: &Message, subscription: &Subscription, key: &VapidKey) -> String {
    let endpoint = subscription.endpoint();
    let key_fits = match subscription.application_server_key() {
        Some(made_with) if made_with == key.public_key() => "ok: the subscription was made with this VAPID key",
        Some(_) => "wrong: the subscription was made with another VAPID key",
        None => "unknown: the subscription does not say which VAPID key it was made with",
    };
    let subject = match key.subject.refused_by(endpoint.vendor()) {
        Some(why) => format!("wrong: {why}"),
        None => format!("ok: {}", key.subject),
    };
    // A longer payload has been refused before.
    let mut size = format!("ok: {} bytes; at most {MAX_PAYLOAD_BYTES} fit into one message", message.payload.len());
    if message.payload.len() > BRIDGED_PAYLOAD_BYTES {
        size += &format!("; phones reached over a bridge may refuse more than {BRIDGED_PAYLOAD_BYTES}");
    }
    let host = match endpoint.vendor() {
        _ if endpoint.is_loopback() => format!("ok: {} is this machine", endpoint.host()),
        Vendor::Other => format!("unknown: {} is not a browser vendor's push service", endpoint.host()),
        vendor => format!("ok: {} is {}", endpoint.host(), vendor.rules().description),
    };
    format!("key      {key_fits}\nsubject  {subject}\nsize     {size}\nhost     {host}\n")
}
