//! The push services that browsers use, and everything in which they differ, a row each. To add a push service, add its name to
//! [`Vendor`] and its row to `TABLE`: endpoint rules, client, diagnosis and the programs read it there.

/// Whose push service an endpoint belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// Autopush, which Firefox uses.
    Mozilla,
    /// Firebase Cloud Messaging (FCM), which Chrome and the browsers made from Chromium use.
    Google,
    /// Apple's, which Safari and every browser on iOS use.
    Apple,
    /// The Windows Notification Service (WNS), which Edge uses on Windows.
    Windows,
    /// None of these: for example a local push service.
    Other,
}

/// What is true of one vendor's push service and not of every other.
#[derive(Debug)]
pub struct Rules {
    vendor: Vendor,
    /// Its hosts; one that begins with a dot means every host below that name.
    hosts: &'static [&'static str],
    /// What a person may call it, in lower case: its browsers, and its vendor.
    names: &'static [&'static str],
    /// Whose it is and which browsers use it: a phrase that follows the host's name.
    pub description: &'static str,
    /// Where an answer says why a message was refused. The first place that holds something counts; an answer without any of them
    /// speaks by its body's title or text.
    pub reason: &'static [Place],
    /// Whether it refuses a VAPID subject that is not at a public domain.
    pub wants_public_subject: bool,
    /// The header that it demands together with `TTL: 0`: name, value, meaning.
    pub ttl_0_header: Option<(&'static str, &'static str, &'static str)>,
    /// The statuses, beside 408, 429 and 5xx, by which it asks to send again later.
    pub busy: &'static [u16],
    /// What may still happen to a message that it accepted, in one sentence.
    pub accepted: &'static str,
}

/// A place in an answer that holds the push service's own words.
#[derive(Debug)]
pub enum Place {
    /// A header of this name.
    Header(&'static str),
    /// A member of this name in a body that is a JSON object.
    Member(&'static str),
}

use Place::{Header, Member};

const TABLE: &[Rules] = &[
    Rules {
        vendor: Vendor::Mozilla,
        hosts: &[".push.services.mozilla.com"],
        names: &["firefox", "mozilla"],
        description: "Mozilla's, for Firefox",
        reason: &[Member("message")],
        accepted: "Firefox gets it at once when it runs, else at its next start; a payload it cannot decrypt is dropped in silence",
        ..OTHER
    },
    Rules {
        vendor: Vendor::Google,
        // Chromium without Google's branding is given endpoints at jmt17.google.com.
        hosts: &["fcm.googleapis.com", "android.googleapis.com", "jmt17.google.com"],
        names: &["chrome", "chromium", "brave", "opera", "samsung", "google", "fcm"],
        description: "Google's FCM, for Chrome and most others",
        reason: &[],
        accepted: "FCM gives it to the browser when it runs; the sender never hears of a message that was dropped there",
        ..OTHER
    },
    Rules {
        vendor: Vendor::Apple,
        hosts: &[".push.apple.com"],
        names: &["safari", "iphone", "ios", "apple"],
        description: "Apple's, for Safari and every browser on iOS",
        reason: &[Member("reason")],
        wants_public_subject: true,
        accepted: "the system shows it even when Safari is closed; three pushes that show nothing cost the subscription",
        ..OTHER
    },
    Rules {
        vendor: Vendor::Windows,
        hosts: &[".notify.windows.com"],
        names: &["edge", "windows", "microsoft", "wns"],
        description: "Microsoft's WNS, for Edge on Windows",
        reason: &[Header("X-WNS-Error-Description"), Header("X-WNS-Status"), Header("X-WNS-NotificationStatus")],
        ttl_0_header: Some(("X-WNS-Cache-Policy", "no-cache", "WNS takes TTL 0 only with it")),
        // What WNS documents where the others answer 429.
        busy: &[406],
        accepted: "WNS repeats in its X-WNS headers what became of it; Edge must run, if only in the background",
        ..OTHER
    },
];

/// What is assumed of a push service that is not in the table. Its answers may look like any vendor's.
const OTHER: Rules = Rules {
    vendor: Vendor::Other,
    hosts: &[],
    names: &[],
    description: "none of the browser vendors'",
    reason: &[
        Header("X-WNS-Error-Description"),
        Header("X-WNS-Status"),
        Header("X-WNS-NotificationStatus"),
        Member("reason"),
        Member("message"),
    ],
    wants_public_subject: false,
    ttl_0_header: None,
    busy: &[],
    accepted: "it took responsibility for the message; only the browser knows whether it showed it",
};

impl Vendor {
    /// The vendor of the push service at `host` (without port, in upper or lower case).
    pub(super) fn of_host(host: &str) -> Vendor {
        let host = host.to_ascii_lowercase();
        let is_at = |rule: &&str| match rule.starts_with('.') {
            true => host.len() > rule.len() && host.ends_with(*rule),
            false => host == **rule,
        };
        TABLE.iter().find(|rules| rules.hosts.iter().any(is_at)).unwrap_or(&OTHER).vendor
    }

    /// The vendor that a person means by `name`, in upper or lower case: a browser (`firefox`, `chrome`) or the vendor itself.
    pub fn named(name: &str) -> Option<Vendor> {
        let name = name.to_ascii_lowercase();
        TABLE.iter().find(|rules| rules.names.contains(&name.as_str())).map(|rules| rules.vendor)
    }

    /// Its row.
    pub fn rules(self) -> &'static Rules {
        TABLE.iter().find(|rules| rules.vendor == self).unwrap_or(&OTHER)
    }
}

#[cfg(test)]
mod tests {
    use super::Vendor::{Apple, Google, Mozilla, Other, Windows};
    use super::*;

    #[test]
    fn a_push_service_is_known_by_its_whole_host() {
        for (host, vendor) in [
            ("updates.push.services.mozilla.com", Mozilla),
            ("UPDATES.push.services.MOZILLA.com", Mozilla),
            ("fcm.googleapis.com", Google),
            ("jmt17.google.com", Google),
            ("web.push.apple.com", Apple),
            ("wns2-db5p.notify.windows.com", Windows),
            (".push.apple.com", Other),
            ("push.apple.com", Other),
            ("evilpush.apple.com", Other),
            ("web.push.apple.com.example", Other),
            ("www.google.com", Other),
            ("localhost", Other),
            ("", Other),
        ] {
            assert_eq!(Vendor::of_host(host), vendor, "{host}");
        }
    }

    #[test]
    fn a_person_may_name_the_browser_or_the_vendor() {
        for (name, vendor) in [
            ("firefox", Some(Mozilla)),
            ("Chrome", Some(Google)),
            ("apple", Some(Apple)),
            ("EDGE", Some(Windows)),
            ("other", None),
            ("", None),
        ] {
            assert_eq!(Vendor::named(name), vendor, "{name}");
        }
    }

    #[test]
    fn every_vendor_has_one_row_and_no_name_or_host_is_in_two() {
        let vendors: Vec<_> = TABLE.iter().map(|rules| rules.vendor).collect();
        assert_eq!(vendors, [Mozilla, Google, Apple, Windows]);
        for (at, rules) in TABLE.iter().enumerate() {
            for earlier in &TABLE[..at] {
                assert!(rules.names.iter().chain(rules.hosts).all(|name| !earlier.names.contains(name)), "{rules:?}");
                assert!(rules.hosts.iter().all(|host| !earlier.hosts.contains(host)), "{rules:?}");
            }
        }
    }

    #[test]
    fn what_accepted_means_is_explained_for_each_vendor() {
        let texts = [Mozilla, Google, Apple, Windows, Other].map(|vendor| vendor.rules().accepted);
        for (at, text) in texts.iter().enumerate() {
            assert!(!texts[..at].contains(text) && !text.contains("delivered"), "{text}");
        }
    }
}
