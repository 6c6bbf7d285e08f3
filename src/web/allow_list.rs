//! The push services that the server calls: the known vendors' over https on port 443, and the origins given with
//! `--allow-push-service`. A stranger who could name any other would choose which hosts this machine calls (SSRF).

use crate::http::Refusal;
use crate::push::{Endpoint, Vendor};

/// Checks an origin to allow, `https://host[:port]` or `http://` on loopback, and writes it as endpoints' origins are.
///
/// # Errors
/// What is wrong with `text`, and where it lacks only the scheme, what to write.
pub fn origin(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    if !text.contains("://") {
        let with_scheme = ["http", "https"].iter().find_map(|scheme| origin(&format!("{scheme}://{text}")).ok());
        return Err(with_scheme.map_or("not an origin".into(), |origin| format!("write {origin}")));
    }
    let origin = Endpoint::parse(&format!("{text}/")).map_err(|e| e.to_string())?.origin();
    match text.matches('/').count() {
        2 => Ok(origin),
        _ => Err(format!("an origin has no path: write {origin}")),
    }
}

/// Whether the server may store and call `endpoint`; `allowed` are origins beside the known push services.
///
/// # Errors
/// 400, with the reason.
pub fn check(endpoint: &Endpoint, allowed: &[String]) -> Result<(), Refusal> {
    let origin = endpoint.origin();
    if allowed.contains(&origin) {
        return Ok(());
    }
    let allow = format!("if it is your own push service, start the server with --allow-push-service {origin}");
    // Chromium gives this host to a subscription that it has given up.
    if endpoint.host() == "permanently-removed.invalid" {
        let error =
            "the endpoint's host is \"permanently-removed.invalid\": the browser has given this subscription up";
        let hint = "unsubscribe, subscribe again, and restart the browser if the host stays the same";
        return Err(Refusal::new(400, error, hint));
    }
    if endpoint.vendor() == Vendor::Other {
        return Err(Refusal::new(400, format!("\"{origin}\" is not a push service known here"), allow));
    }
    if origin != format!("https://{}", endpoint.host().to_ascii_lowercase()) {
        return Err(Refusal::new(400, format!("\"{origin}\" is not https on port 443"), allow));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn verdict(endpoint: &str) -> &'static str {
        let allowed = [origin("http://localhost:8082/").unwrap()];
        let Ok(endpoint) = Endpoint::parse(endpoint) else {
            return "no endpoint";
        };
        let Err(refused) = check(&endpoint, &allowed) else {
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
            assert!(origin(bad).is_err(), "{bad}");
        }
        for (bad, error) in [
            ("localhost:8082", "write http://localhost:8082"),
            ("push.example.net", "write https://push.example.net"),
            ("push.example.net:8443/", "write https://push.example.net:8443"),
            ("https://push.example.net/path", "an origin has no path: write https://push.example.net"),
            ("", "not an origin"),
            ("two words", "not an origin"),
        ] {
            assert_eq!(origin(bad).unwrap_err(), error, "{bad}");
        }
        assert!(origin("https://push.example.net:8443").is_ok());
    }
}
