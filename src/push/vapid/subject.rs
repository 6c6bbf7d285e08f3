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
        match host(text).is_some() && text.chars().all(|c| c.is_ascii_graphic()) {
            true => Ok(Subject(text.to_owned())),
            false => Err(format!("\"{text}\" is not a contact: give mailto:you@example.com or https://example.com")),
        }
    }

    /// Why `vendor` would refuse this subject, if it would: Apple wants a public domain in it.
    pub fn refused_by(&self, vendor: Vendor) -> Option<String> {
        let host = host(&self.0).unwrap_or_default().to_ascii_lowercase();
        let is_private =
            !host.contains('.') || [".local", ".invalid", ".localhost"].iter().any(|end| host.ends_with(end));
        (vendor.rules().wants_public_subject && is_private).then(|| {
            format!("Apple's push service refuses the subject \"{}\": \"{host}\" is not a public domain", self.0)
        })
    }
}

/// The host of a `mailto:` or `https:` URI; `None` for any other text.
fn host(uri: &str) -> Option<&str> {
    let rest = match uri.split_once(':')? {
        ("mailto", address) => {
            address.rsplit_once('@').filter(|(name, _)| !name.is_empty() && !name.starts_with("mailto:"))?.1
        }
        ("https", rest) => rest.strip_prefix("//")?,
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    Some(host).filter(|host| !host.is_empty())
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
