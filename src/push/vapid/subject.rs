//! The contact for push services: the token's `sub` (RFC 8292 section 2.1).

use std::fmt;

use crate::push::Vendor;

/// Where a push service may write to when something is wrong with our pushes: a `mailto:` or `https:` URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject(String);

/// The subject when none is given. Its domain is reserved for documentation, so that no one gets mail, and Apple accepts its form.
pub const DEFAULT_SUBJECT: &str = "mailto:push@example.com";

impl Subject {
    /// Takes `mailto:name@host` and `https://host...`.
    ///
    /// # Errors
    /// A sentence saying what is expected.
    pub fn parse(text: &str) -> Result<Subject, String> {
        let plausible = match (text.strip_prefix("mailto:"), text.strip_prefix("https://")) {
            (Some(address), _) => {
                !address.starts_with("mailto:")
                    && address.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
            }
            (_, Some(rest)) => !rest.is_empty() && !rest.starts_with('/'),
            _ => false,
        };
        if plausible && text.chars().all(|c| c.is_ascii_graphic()) {
            Ok(Subject(text.to_owned()))
        } else {
            Err(format!("\"{text}\" is not a contact: give mailto:you@example.com or https://example.com"))
        }
    }

    /// Why `vendor` would refuse this subject, if it would: Apple wants a public domain in it.
    pub fn refused_by(&self, vendor: Vendor) -> Option<String> {
        let host = self.host();
        let private = host == "localhost"
            || !host.contains('.')
            || host.ends_with(".local")
            || host.ends_with(".invalid")
            || host.ends_with(".localhost");
        (vendor.rules().wants_public_subject && private).then(|| {
            format!("Apple's push service refuses the subject \"{}\": \"{host}\" is not a public domain", self.0)
        })
    }

    fn host(&self) -> String {
        let rest = self.0.trim_start_matches("mailto:").trim_start_matches("https://");
        let host = rest.rsplit('@').next().unwrap_or(rest);
        host.split(['/', '?', '#', ':']).next().unwrap_or(host).to_ascii_lowercase()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
