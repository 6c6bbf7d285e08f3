//! The VAPID key in every form in circulation, the token it signs, the subjects it takes (RFC 8292).

use std::fs;
use std::path::Path;

use barepush::push::{DEFAULT_SUBJECT, Subject, VapidKey, Vendor};
use barepush::store::keys;
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use serde_json::{Value, json};

fn subject() -> Subject {
    Subject::parse(DEFAULT_SUBJECT).unwrap()
}

fn load(text: &str) -> Result<VapidKey, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("vapid_private.pem"), text).unwrap();
    let words = |e| format!("{:#}", anyhow::Error::new(e)).replace(&folder.path().display().to_string(), "DIR");
    keys::load(folder.path(), subject()).map_err(words)
}

/// The application server's key of RFC 8291's example.
fn secret() -> p256::SecretKey {
    let vector: Value = serde_json::from_str(include_str!("../vectors/rfc8291.json")).unwrap();
    let raw = Base64UrlUnpadded::decode_vec(vector["as_private"].as_str().unwrap()).unwrap();
    p256::SecretKey::from_slice(&raw).unwrap()
}

fn public() -> String {
    let vector: Value = serde_json::from_str(include_str!("../vectors/rfc8291.json")).unwrap();
    vector["as_public"].as_str().unwrap().to_owned()
}

#[test]
fn every_form_in_circulation_is_the_same_key() {
    let raw = secret().to_bytes();
    let sec1 = secret().to_sec1_pem(LineEnding::LF).unwrap().to_string();
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    let pkcs8 = secret().to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
    for (form, text) in [
        ("PKCS#8 on one line", pkcs8.replace('\n', "")),
        ("PKCS#8 with blanks instead of line breaks", pkcs8.replace('\n', " ")),
        ("PKCS#8 with line breaks as two letters", pkcs8.replace('\n', "\\n")),
        ("the same in double quotes", format!("\"{}\"", pkcs8.replace('\n', "\\n"))),
        ("SEC1 on one line in single quotes", format!("'{}'\n", sec1.replace('\n', ""))),
        ("parameters and SEC1 on one line", format!("{parameters}{sec1}").replace('\n', "")),
        ("base64url in quotes", format!("\"{}\"", Base64UrlUnpadded::encode_string(&raw))),
        ("PKCS#8", secret().to_pkcs8_pem(LineEnding::LF).unwrap().to_string()),
        ("PKCS#8 with CRLF", secret().to_pkcs8_pem(LineEnding::CRLF).unwrap().to_string()),
        ("SEC1", sec1.clone()),
        ("openssl ecparam -genkey", format!("{parameters}{sec1}")),
        ("base64url", Base64UrlUnpadded::encode_string(&raw)),
        ("base64url and a line break", format!("{}\n", Base64UrlUnpadded::encode_string(&raw))),
        ("padded base64", Base64::encode_string(&raw)),
    ] {
        assert_eq!(load(&text).unwrap_or_else(|e| panic!("{form}: {e}")).public_key(), public(), "{form}");
        assert_eq!(keys::from_env(&text, subject()).unwrap().public_key(), public(), "{form} by environment");
    }
}

#[test]
fn what_is_no_private_key_is_refused_without_repeating_it() {
    use p256::pkcs8::EncodePublicKey;
    let pkcs8 = secret().to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
    let public = secret().public_key().to_public_key_pem(LineEnding::LF).unwrap();
    for (text, why) in [
        (String::new(), "neither PEM nor 32 bytes of base64url"),
        ("SECRET".into(), "neither PEM nor 32 bytes of base64url"),
        (Base64UrlUnpadded::encode_string(&[0; 32]), "32 bytes, but not a P-256 private key"),
        (Base64UrlUnpadded::encode_string(&[0xff; 32]), "32 bytes, but not a P-256 private key"),
        (pkcs8[..pkcs8.len() / 2].into(), "not a P-256 key in PKCS#8 PEM"),
        (public, "it is a public key, the private one signs"),
        ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n".into(), "not a P-256 key in SEC1 PEM"),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n".into(),
            "it is encrypted with a passphrase",
        ),
    ] {
        assert_eq!(load(&text).err().unwrap(), format!("DIR/vapid_private.pem is not a VAPID key: {why}"), "{text}");
    }
}

#[test]
fn the_server_makes_a_key_once_and_notify_never_does() {
    use std::os::unix::fs::PermissionsExt;
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("keys");
    assert!(keys::load(&folder, subject()).unwrap_err().to_string().ends_with("not found"));
    assert!(!folder.exists());
    let (first, made) = keys::load_or_create(&folder, subject()).unwrap();
    assert!(made);
    let (again, made) = keys::load_or_create(&folder, subject()).unwrap();
    assert!(!made);
    assert_eq!(first.public_key(), again.public_key());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.join("vapid_private.pem")), 0o600);
    assert!(fs::read_to_string(folder.join("vapid_private.pem")).unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
}

#[test]
fn a_file_that_is_no_key_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vapid_private.pem");
    fs::write(&path, "precious").unwrap();
    assert!(keys::load_or_create(folder.path(), subject()).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn the_token_claims_audience_expiry_and_subject_and_nothing_else() {
    let key = VapidKey::from_text(&Base64UrlUnpadded::encode_string(&secret().to_bytes()), subject()).unwrap();
    let header = key.authorization("https://push.example.net:8443").unwrap();
    let token = header.strip_prefix("vapid t=").unwrap().split(',').next().unwrap();
    assert_eq!(header, format!("vapid t={token}, k={}", public()));
    let part = |n: usize| -> Value {
        let text = token.split('.').nth(n).unwrap();
        serde_json::from_slice(&Base64UrlUnpadded::decode_vec(text).unwrap()).unwrap()
    };
    assert_eq!(part(0), json!({"alg": "ES256", "typ": "JWT"}));
    let exp = part(1)["exp"].as_u64().unwrap();
    assert_eq!(part(1), json!({"aud": "https://push.example.net:8443", "exp": exp, "sub": DEFAULT_SUBJECT}));
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    assert!((12 * 3600 - 60..=12 * 3600).contains(&(exp - now)), "{}", exp - now);
    push_service_fixture::verify_token(&header, "https://push.example.net:8443", now);
}

#[test]
fn a_token_is_signed_once_an_origin() {
    let key = VapidKey::from_text(&Base64UrlUnpadded::encode_string(&secret().to_bytes()), subject()).unwrap();
    let first = key.authorization("https://a.example").unwrap();
    assert_eq!(key.authorization("https://a.example").unwrap(), first);
    assert_ne!(key.authorization("https://b.example").unwrap(), first);
}

#[test]
fn a_subject_is_a_mailto_or_https_uri() {
    for good in
        ["mailto:me@example.com", "https://example.com", "https://example.com/contact?x=1", "mailto:x@localhost"]
    {
        assert!(Subject::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "me@example.com",
        "mailto:",
        "mailto:me",
        "mailto:mailto:me@example.com",
        "http://example.com",
        "https://",
        "https:///x",
        "mailto:me @example.com",
        "mailto:<me@example.com>\n",
    ] {
        assert!(Subject::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn apple_alone_refuses_a_subject_without_a_public_domain() {
    for (subject, refused) in [
        ("mailto:x@localhost", true),
        ("https://localhost", true),
        ("https://localhost:4443/x", true),
        ("mailto:x@laptop.local", true),
        ("mailto:x@here.invalid", true),
        ("mailto:x@intranet", true),
        (DEFAULT_SUBJECT, false),
        ("https://example.com/contact", false),
        ("https://example.com/@me", false),
    ] {
        let subject = Subject::parse(subject).unwrap();
        assert_eq!(subject.refused_by(Vendor::Apple).is_some(), refused, "{subject}");
        assert_eq!(subject.refused_by(Vendor::Mozilla), None, "{subject}");
    }
}
