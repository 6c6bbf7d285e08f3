//! Tests of the certificate: when it is kept, when remade, what is refused.

#![allow(clippy::unwrap_used)] // A test may end by a panic.

use super::*;
use std::error::Error as _;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn load(folder: &tempfile::TempDir, names: &[&str]) -> Result<(Made, Certificate), LocalError> {
    let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    Certificate::load_or_create(&folder.path().join("keys"), &names).map(|certificate| (certificate.made, certificate))
}

/// Stores a pair that is valid between these days from now, otherwise made as the real one is.
fn store_pair(folder: &tempfile::TempDir, from_day: i32, to_day: i32) {
    let day = |day: i32| match day {
        0.. => SystemTime::now() + DAY * day.unsigned_abs(),
        _ => SystemTime::now() - DAY * day.unsigned_abs(),
    };
    let mut params = CertificateParams::new(OWN_NAMES.map(str::to_owned)).unwrap();
    (params.not_before, params.not_after) = (day(from_day).into(), day(to_day).into());
    let key = KeyPair::generate().unwrap();
    let keys = folder.path().join("keys");
    fs::create_dir_all(&keys).unwrap();
    fs::write(keys.join("tls_cert.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(keys.join("tls_key.pem"), key.serialize_pem()).unwrap();
}

#[test]
fn a_certificate_is_made_once_and_kept() {
    let folder = folder();
    let (made, first) = load(&folder, &["dev.example", "192.0.2.7"]).unwrap();
    assert_eq!(made, Made::New);
    let (made, second) = load(&folder, &["dev.example", "192.0.2.7"]).unwrap();
    assert_eq!(made, Made::Kept);
    assert_eq!(first.chain, second.chain);
    assert_eq!(first.spki_sha256, second.spki_sha256);
    assert_eq!(first.spki_sha256.len(), 44);
}

#[test]
fn a_name_more_remakes_it_and_a_name_less_does_not() {
    let folder = folder();
    load(&folder, &[]).unwrap();
    assert_eq!(load(&folder, &["dev.example"]).unwrap().0, Made::Remade("it lacked a name"));
    assert_eq!(load(&folder, &[]).unwrap().0, Made::Kept);
    assert_eq!(load(&folder, &["192.0.2.7"]).unwrap().0, Made::Remade("it lacked a name"));
}

#[test]
fn it_is_remade_when_expired_expiring_or_not_yet_valid() {
    for (from_day, to_day, why) in [
        (-30, -1, "it had expired or was about to"),
        (-30, 0, "it had expired or was about to"),
        (1, 30, "it was not valid yet"),
    ] {
        let folder = folder();
        store_pair(&folder, from_day, to_day);
        assert_eq!(load(&folder, &[]).unwrap().0, Made::Remade(why), "{from_day} {to_day}");
        assert_eq!(load(&folder, &[]).unwrap().0, Made::Kept, "{from_day} {to_day}");
    }
    let folder = folder();
    store_pair(&folder, -30, 2);
    assert_eq!(load(&folder, &[]).unwrap().0, Made::Kept);
}

#[test]
fn half_a_pair_and_a_pair_that_does_not_match_are_remade() {
    for half in ["tls_cert.pem", "tls_key.pem"] {
        let folder = folder();
        load(&folder, &[]).unwrap();
        fs::remove_file(folder.path().join("keys").join(half)).unwrap();
        assert_eq!(load(&folder, &[]).unwrap().0, Made::Remade("half of the pair was missing"));
    }
    let folder = folder();
    load(&folder, &[]).unwrap();
    fs::write(folder.path().join("keys/tls_key.pem"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert_eq!(load(&folder, &[]).unwrap().0, Made::Remade("certificate and key did not match"));
}

#[test]
fn a_certificate_of_somebody_else_is_not_overwritten() {
    let folder = folder();
    load(&folder, &[]).unwrap();
    let (cert, key) = (folder.path().join("keys/tls_cert.pem"), folder.path().join("keys/tls_key.pem"));
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.distinguished_name.push(DnType::CommonName, "authority");
    let leaf_key = KeyPair::from_pem(&fs::read_to_string(&key).unwrap()).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let leaf = CertificateParams::new(OWN_NAMES.map(str::to_owned)).unwrap().signed_by(&leaf_key, &issuer).unwrap();
    fs::write(&cert, leaf.pem()).unwrap();
    let error = load(&folder, &[]).err().unwrap();
    assert_eq!(error.to_string(), format!("{} was not made by this program", cert.display()));
    assert_eq!(fs::read_to_string(&cert).unwrap(), leaf.pem());
}

#[test]
fn what_cannot_be_read_is_an_error_and_is_not_overwritten() {
    let folder = folder();
    load(&folder, &[]).unwrap();
    let key = folder.path().join("keys/tls_key.pem");
    fs::write(&key, "garbage").unwrap();
    let error = load(&folder, &[]).err().unwrap();
    assert_eq!(error.to_string(), format!("{} does not contain a private key in PEM", key.display()));
    assert_eq!(fs::read_to_string(&key).unwrap(), "garbage");

    fs::remove_file(&key).unwrap();
    fs::create_dir(&key).unwrap();
    let error = load(&folder, &[]).err().unwrap();
    assert_eq!(error.to_string(), format!("cannot read {}", key.display()));
    assert!(error.source().is_some());
}

#[test]
fn names_that_no_certificate_can_hold_are_refused_by_name() {
    for name in ["", "two words", "https://dev.example", "dev.example:4443", "*"] {
        let error = load(&folder(), &[name]).err().unwrap();
        assert_eq!(error.to_string(), format!("'{name}' is neither a host name nor an address"));
    }
}

#[test]
fn keys_in_pkcs8_and_sec1_are_read() {
    let folder = folder();
    let (made, _) = load(&folder, &[]).unwrap();
    assert_eq!(made, Made::New);
    let (cert, key) = (folder.path().join("keys/tls_cert.pem"), folder.path().join("keys/tls_key.pem"));
    let pem = fs::read_to_string(&key).unwrap();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----"), "PKCS#8");
    let secret = <p256::SecretKey as p256::pkcs8::DecodePrivateKey>::from_pkcs8_pem(&pem).unwrap();
    fs::write(&key, secret.to_sec1_pem(Default::default()).unwrap().as_bytes()).unwrap();
    assert!(Certificate::from_files(&cert, &key).is_ok(), "SEC1");
}

#[test]
fn an_encrypted_key_is_called_encrypted() {
    let folder = folder();
    load(&folder, &[]).unwrap();
    let (cert, key) = (folder.path().join("keys/tls_cert.pem"), folder.path().join("keys/tls_key.pem"));
    for pem in [
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIH0MF8GCSqGSIb3DQEFDTBS\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n",
    ] {
        fs::write(&key, pem).unwrap();
        let error = Certificate::from_files(&cert, &key).err().unwrap();
        assert_eq!(error.to_string(), format!("the key {} is encrypted with a passphrase", key.display()));
        assert!(error.hint.starts_with("decrypt it with openssl pkey"), "{}", error.hint);
        assert_eq!(fs::read_to_string(&key).unwrap(), pem, "and it is left alone");
    }
}

#[cfg(unix)]
#[test]
fn the_key_is_for_its_owner_alone_whatever_lay_there_before() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (folder, elsewhere) = (folder(), folder());
    let key = folder.path().join("keys/tls_key.pem");
    let target = elsewhere.path().join("target");
    fs::create_dir(folder.path().join("keys")).unwrap();
    fs::write(&target, "untouched").unwrap();
    symlink(&target, &key).unwrap();
    load(&folder, &[]).unwrap();
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&key), 0o100600);
    assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
}

#[test]
fn it_says_server_auth_and_digital_signature_and_no_basic_constraints() {
    let folder = folder();
    let (_, certificate) = load(&folder, &["dev.example"]).unwrap();
    let der: &[u8] = &certificate.chain[0];
    let holds = |oid: &[u8]| der.windows(oid.len()).any(|window| window == oid);
    assert!(holds(b"\x55\x1d\x25\x04\x0c\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"), "extKeyUsage: serverAuth");
    assert!(holds(b"\x55\x1d\x0f"), "keyUsage");
    assert!(!holds(b"\x55\x1d\x13"), "basicConstraints");
    assert!(holds(b"barepush"), "subject");
}
