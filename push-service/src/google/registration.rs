//! Google's registration: a form that makes a subscription, or with `delete=true` ends one.
//!
//! ```text
//! Authorization: AidLogin ID:SECRET                     as the check-in gave them
//! app=org.chromium.linux&X-subtype=wp:ORIGIN/%23GUID&sender=VAPID-KEY&...      -> token=TOKEN
//! ```

use crate::{Owner, RequestHead, Response, Shared, State, Vendor, authorization::decode, tail};
use std::collections::HashMap;

impl Shared {
    /// Answers a registration with the token of the endpoint that Chromium then gives to the page.
    pub(super) fn register(&self, head: &RequestHead, body: &[u8]) -> Response {
        let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let (status, text) = match self.registering_browser(head) {
            Some(browser) => (200, self.registered(browser, |name| form.get(name).map_or("", String::as_str))),
            None => (401, "Error=AUTHENTICATION_FAILED".to_owned()),
        };
        Response::new(status).body("text/plain", text)
    }

    /// Does what the form asks. A field that is absent is empty.
    fn registered<'a>(&self, browser: String, field: impl Fn(&str) -> &'a str) -> String {
        // Chromium's name for the subscription; empty when a part of Chromium registers for itself.
        let subtype = field("X-subtype");
        match (field("delete"), subtype) {
            ("true", "") => format!("deleted={}", field("app")),
            ("true", _) => {
                self.unsubscribe(&browser, subtype);
                format!("token={subtype}")
            }
            // Chromium's own features receive nothing here, but without a token they ask again and again.
            (_, "") => format!("token={}", Vendor::Google.new_token()),
            _ => match decode(field("sender")).filter(|key| key.len() == 65) {
                Some(key) => self
                    .token_for(browser, subtype, key)
                    .map_or_else(|| "Error=TOO_MANY_REGISTRATIONS".to_owned(), |token| format!("token={token}")),
                None => "Error=INVALID_SENDER".to_owned(),
            },
        }
    }

    /// The name of the Chromium that `Authorization` proves.
    fn registering_browser(&self, head: &RequestHead) -> Option<String> {
        let (id, token) = head.header("Authorization")?.strip_prefix("AidLogin ")?.split_once(':')?;
        let known = self.lock().is_chromium(id.parse().ok()?, token.parse().ok()?);
        known.then(|| id.to_owned())
    }

    /// Registered again, a subscription keeps its token. `None` when there are too many.
    fn token_for(&self, browser: String, subtype: &str, key: Vec<u8>) -> Option<String> {
        let known = self.lock().token_of(&browser, subtype, &key);
        if known.is_some() {
            return known;
        }
        let owner = Owner::Browser { browser, channel: subtype.to_owned() };
        let (token, _) = self.subscribe(Vendor::Google, Some(key), owner)?;
        self.report(&format!("the browser has subscribed: ...{}", tail(&token)));
        Some(token)
    }
}

impl State {
    fn token_of(&self, browser: &str, subtype: &str, key: &[u8]) -> Option<String> {
        let mut same = self.subscriptions.iter().filter(|(_, subscription)| {
            !subscription.ended
                && subscription.owner.is_browsers(browser, subtype)
                && subscription.key.as_deref() == Some(key)
        });
        same.next().map(|(token, _)| token.clone())
    }
}
