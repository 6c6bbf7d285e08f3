//! One row for each vendor: the hosts of its push service and the form of its endpoints. Edit it to add a vendor.

use crate::random;
use base64ct::{Base64UrlUnpadded, Encoding};

/// Whose push service an endpoint belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vendor {
    /// This program under its own address, answering as Mozilla does.
    #[default]
    Local,
    /// Firefox: autopush.
    Mozilla,
    /// Chrome and Chromium: Firebase Cloud Messaging.
    Google,
    /// Safari: the web side of APNs.
    Apple,
    /// Edge on Windows: the Windows Notification Service.
    Windows,
}

/// A vendor, its name, its hosts and what may precede the token in a path. The first host and the first path make new endpoints;
/// `*.` stands for one label.
type Row = (Vendor, &'static str, &'static [&'static str], &'static [&'static str]);

const ROWS: [Row; 5] = [
    (Vendor::Local, "local", &[], &["/wpush/v2/", "/wpush/v1/"]),
    (Vendor::Mozilla, "mozilla", &["updates.push.services.mozilla.com"], &["/wpush/v2/", "/wpush/v1/"]),
    // Chromium without Google's branding names the second host.
    (Vendor::Google, "google", &["fcm.googleapis.com", "jmt17.google.com"], &["/fcm/send/", "/wp/", "/preprod/wp/"]),
    (Vendor::Apple, "apple", &["web.push.apple.com"], &["/"]),
    (Vendor::Windows, "windows", &["wns2-par02p.notify.windows.com", "*.notify.windows.com"], &["/w/?token="]),
];

impl Vendor {
    fn row(self) -> &'static Row {
        // `each_vendor_has_its_row` holds that the rows are in the order of the vendors.
        &ROWS[self as usize]
    }

    /// `local`, `mozilla`, `google`, `apple` or `windows`.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The vendor of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        ROWS.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The vendor whose push service has this host name (no port), upper and lower case alike.
    pub fn of_host(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        let is = |rule: &str| match rule.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
            None => host == rule,
        };
        ROWS.iter().find(|(_, _, hosts, _)| hosts.iter().any(|rule| is(rule))).map(|row| row.0)
    }

    /// The host names of all vendors; `*.` stands for one label.
    pub fn all_hosts() -> impl Iterator<Item = &'static str> {
        ROWS.iter().flat_map(|(_, _, hosts, _)| *hosts).copied()
    }

    /// The token at the end of an endpoint's path and query.
    pub fn token(self, path: &str) -> Option<&str> {
        let (.., paths) = self.row();
        let tokens = paths.iter().filter_map(|prefix| path.strip_prefix(prefix));
        tokens.into_iter().find(|token| !token.is_empty() && !token.contains('/'))
    }

    /// A new token, unguessable and as long as this vendor's are.
    pub(crate) fn new_token(self) -> String {
        match self {
            Vendor::Local | Vendor::Mozilla => Base64UrlUnpadded::encode_string(&random::<138>()),
            Vendor::Google => {
                let [instance, token] = [random::<8>().to_vec(), random::<100>().to_vec()];
                let [instance, token] = [instance, token].map(|bytes| Base64UrlUnpadded::encode_string(&bytes));
                format!("{instance}:APA91b{token}")
            }
            Vendor::Apple => format!("Q{}", Base64UrlUnpadded::encode_string(&random::<144>())),
            Vendor::Windows => format!("BQYAAA{}", Base64UrlUnpadded::encode_string(&random::<162>())),
        }
    }

    /// The endpoint of a subscription; `local_origin` is where this program itself listens. Mozilla's path says whether the
    /// subscription names a key.
    pub(crate) fn endpoint(self, local_origin: &str, token: &str, with_key: bool) -> String {
        let (_, _, hosts, paths) = self.row();
        let origin = hosts.first().map_or(local_origin.to_owned(), |host| format!("https://{host}"));
        let version_1 = paths.get(1).filter(|_| !with_key && matches!(self, Vendor::Local | Vendor::Mozilla));
        let path = version_1.unwrap_or(&paths[0]);
        format!("{origin}{path}{token}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ALL: [Vendor; 5] = [Vendor::Local, Vendor::Mozilla, Vendor::Google, Vendor::Apple, Vendor::Windows];

    #[test]
    fn each_vendor_has_its_row() {
        for vendor in ALL {
            assert_eq!(vendor.row().0, vendor);
            assert_eq!(Vendor::of_name(vendor.name()), Some(vendor));
        }
    }

    #[test]
    fn an_endpoint_names_its_vendor_by_its_host_and_ends_in_its_token() {
        for vendor in ALL {
            let token = vendor.new_token();
            let endpoint = vendor.endpoint("http://localhost:8082", &token, true);
            let (_, rest) = endpoint.split_once("://").unwrap();
            let (host, path) = rest.split_at(rest.find('/').unwrap());
            assert_eq!(vendor.token(path), Some(token.as_str()));
            assert_eq!(Vendor::of_host(host).unwrap_or(Vendor::Local), vendor);
        }
    }

    #[test]
    fn a_look_alike_host_is_not_a_vendors() {
        for host in
            ["notify.windows.com", ".notify.windows.com", "a.b.notify.windows.com", "xfcm.googleapis.com", "apple.com"]
        {
            assert_eq!(Vendor::of_host(host), None, "{host}");
        }
        assert_eq!(Vendor::of_host("JMT17.google.com"), Some(Vendor::Google));
        assert_eq!(Vendor::of_host("wns2-bl2p.notify.windows.com"), Some(Vendor::Windows));
    }
}
