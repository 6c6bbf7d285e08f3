//! The push services that the server calls: the known vendors' and those that the user allows. A stranger who could name any
//! other would choose which hosts this machine calls (SSRF).

use super::ApiError;
use crate::push::{Endpoint, Vendor};

/// The push services that `POST /add-subscription` accepts endpoints of: the known ones over https on
/// port 443, and the exact origins given with `--allow-push-service`.
#[derive(Debug, Clone, Default)]
pub struct AllowedPushServices {
    origins: Vec<String>,
}

impl AllowedPushServices {
    /// The known push services and those at `origins`, each of them checked by [`AllowedPushServices::origin`].
    pub fn with(origins: Vec<String>) -> AllowedPushServices {
        AllowedPushServices { origins }
    }

    /// Checks one more origin, `https://host[:port]` or `http://` on loopback, and writes it as endpoints' origins are.
    ///
    /// # Errors
    /// What is wrong with `text`, and where it lacks only the scheme, what to write.
    pub fn origin(text: &str) -> Result<String, String> {
        let text = text.trim_end_matches('/');
        if !text.contains("://") {
            let with_scheme =
                ["http", "https"].iter().find_map(|scheme| Self::origin(&format!("{scheme}://{text}")).ok());
            return Err(with_scheme.map_or("not an origin".into(), |origin| format!("write {origin}")));
        }
        let endpoint = Endpoint::parse(&format!("{text}/")).map_err(|e| e.to_string())?;
        match text.matches('/').count() {
            2 => Ok(endpoint.origin()),
            _ => Err(format!("an origin has no path: write {}", endpoint.origin())),
        }
    }

    /// Whether the server may store and call `endpoint`.
    ///
    /// # Errors
    /// 400, with the reason.
    pub fn check(&self, endpoint: &Endpoint) -> Result<(), ApiError> {
        let origin = endpoint.origin();
        if self.origins.contains(&origin) {
            return Ok(());
        }
        let allow = format!("if it is your own push service, start the server with --allow-push-service {origin}");
        // Chromium gives this host to a subscription that it has given up.
        if endpoint.host() == "permanently-removed.invalid" {
            let error =
                "the endpoint's host is \"permanently-removed.invalid\": the browser has given this subscription up";
            let hint = "unsubscribe, subscribe again, and restart the browser if the host stays the same";
            return Err(ApiError::new(400, error, hint));
        }
        if endpoint.vendor() == Vendor::Other {
            return Err(ApiError::new(400, format!("\"{origin}\" is not a push service known here"), allow));
        }
        if origin != format!("https://{}", endpoint.host().to_ascii_lowercase()) {
            return Err(ApiError::new(400, format!("\"{origin}\" is not https on port 443"), allow));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn verdict(endpoint: &str) -> &'static str {
        let allowed = AllowedPushServices::with(vec![AllowedPushServices::origin("http://localhost:8082/").unwrap()]);
        let Ok(endpoint) = Endpoint::parse(endpoint) else {
            return "no endpoint";
        };
        let Err(refused) = allowed.check(&endpoint) else {
            return "ok";
        };
        assert_eq!(refused.status, 400);
        let endings = [
            ("the browser has given this subscription up", "removed"),
            ("is not a push service known here", "unknown"),
            ("is not https on port 443", "port"),
        ];
        endings.into_iter().find(|(ending, _)| refused.error.ends_with(ending)).unwrap().1
    }

    #[test]
    fn only_known_push_services_and_allowed_origins_are_taken() {
        for (endpoint, expected) in [
            ("https://fcm.googleapis.com/fcm/send/x", "ok"),
            ("https://FCM.googleapis.com/fcm/send/x", "ok"),
            ("https://fcm.googleapis.com:443/fcm/send/x", "ok"),
            ("https://updates.push.services.mozilla.com/wpush/v2/x", "ok"),
            ("https://web.push.apple.com/x", "ok"),
            ("https://wns2-db5p.notify.windows.com/w/?token=x", "ok"),
            ("https://jmt17.google.com/fcm/send/x", "ok"),
            ("http://localhost:8082/wpush/v2/x", "ok"),
            ("http://localhost:8083/wpush/v2/x", "unknown"),
            ("http://127.0.0.1:8082/wpush/v2/x", "unknown"),
            ("https://localhost:8082/wpush/v2/x", "unknown"),
            ("https://fcm.googleapis.com:8443/x", "port"),
            ("https://fcm.googleapis.com./x", "no endpoint"),
            ("https://push.services.mozilla.com/x", "unknown"),
            ("https://evil-push.services.mozilla.com.example/x", "unknown"),
            ("https://evilpush.apple.com/x", "unknown"),
            (".push.apple.com", "no endpoint"),
            ("https://.push.apple.com/x", "no endpoint"),
            ("https://fcm.googleapis.com@example.com/x", "no endpoint"),
            ("https://user@fcm.googleapis.com:443/x", "no endpoint"),
            ("https://fcm.googleapis.com%2f@example.com/x", "no endpoint"),
            ("https://xn--fcm-googleapis.com/x", "unknown"),
            ("https://fcm.googleapis.cоm/x", "no endpoint"),
            ("https://2130706433/x", "unknown"),
            ("https://0177.0.0.1/x", "unknown"),
            ("https://127.0.0.1/x", "unknown"),
            ("https://permanently-removed.invalid/fcm/send/x", "removed"),
            ("http://fcm.googleapis.com/x", "no endpoint"),
            ("ftp://fcm.googleapis.com/x", "no endpoint"),
            ("fcm.googleapis.com/x", "no endpoint"),
            ("", "no endpoint"),
        ] {
            assert_eq!(verdict(endpoint), expected, "{endpoint}");
        }
    }

    #[test]
    fn an_origin_to_allow_has_no_path_and_plain_http_only_on_loopback() {
        for bad in ["http://push.example.net", "https://push.example.net/path", "localhost:8082", ""] {
            assert!(AllowedPushServices::origin(bad).is_err(), "{bad}");
        }
        for (bad, error) in [
            ("localhost:8082", "write http://localhost:8082"),
            ("push.example.net", "write https://push.example.net"),
            ("push.example.net:8443/", "write https://push.example.net:8443"),
            ("https://push.example.net/path", "an origin has no path: write https://push.example.net"),
            ("", "not an origin"),
            ("two words", "not an origin"),
        ] {
            assert_eq!(AllowedPushServices::origin(bad).unwrap_err(), error, "{bad}");
        }
        assert!(AllowedPushServices::origin("https://push.example.net:8443").is_ok());
    }
}
