//! Google's registration: a form that makes a subscription, or with `delete=true` ends one.
//!
//! ```text
//! Authorization: AidLogin ID:SECRET                     as the check-in gave them
//! app=org.chromium.linux&X-subtype=wp:ORIGIN/%23GUID&sender=VAPID-KEY&...      -> token=TOKEN
//! ```

use crate::authorization::decode;
use crate::http::RequestHead;
use crate::response::Response;
use crate::state::{Shared, State};
use crate::subscriptions::{Owner, tail};
use crate::vendor::Vendor;
use std::borrow::Cow;

/// One request. A field that is absent is empty.
#[derive(Default)]
struct Registration<'a> {
    /// What Chromium calls the subscription, with the page's origin; empty when a part of Chromium registers for itself.
    subtype: Cow<'a, str>,
    /// The application server's key, base64url.
    sender: Cow<'a, str>,
    app: Cow<'a, str>,
    delete: bool,
}

impl<'a> Registration<'a> {
    fn parse(form: &'a [u8]) -> Self {
        let mut registration = Self::default();
        for (name, value) in form_urlencoded::parse(form) {
            match name.as_ref() {
                "X-subtype" => registration.subtype = value,
                "sender" => registration.sender = value,
                "app" => registration.app = value,
                "delete" => registration.delete = value == "true",
                _ => {}
            }
        }
        registration
    }
}

impl Shared {
    /// Answers a registration with the token of the endpoint that Chromium then gives to the page.
    pub(super) fn register(&self, head: &RequestHead, body: &[u8]) -> Response {
        let text = |status, text: String| Response::new(status).body("text/plain", text);
        let Some(browser) = self.registering_browser(head) else {
            return text(401, "Error=AUTHENTICATION_FAILED".to_owned());
        };
        let registration = Registration::parse(body);
        let subtype = registration.subtype.as_ref();
        match (registration.delete, subtype) {
            (true, "") => text(200, format!("deleted={}", registration.app)),
            (true, _) => {
                self.unsubscribe(&browser, subtype);
                text(200, format!("token={subtype}"))
            }
            // Chromium's own features receive nothing here, but without a token they ask again and again.
            (false, "") => text(200, format!("token={}", Vendor::Google.new_token())),
            (false, _) => match decode(&registration.sender).filter(|key| key.len() == 65) {
                Some(key) => match self.token_for(browser, subtype, key) {
                    Some(token) => text(200, format!("token={token}")),
                    None => text(200, "Error=TOO_MANY_REGISTRATIONS".to_owned()),
                },
                None => text(200, "Error=INVALID_SENDER".to_owned()),
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
