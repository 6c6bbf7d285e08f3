//! A certificate authority made for one run, and a server's certificate by it. Its key is dropped once it has signed.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints,
};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use std::error::Error;
use std::sync::Arc;

/// A server's TLS, and its authority's certificate in PEM.
pub type Made = (Arc<ServerConfig>, String);

/// The names and addresses of this machine.
pub const OURS: &[&str] = &["localhost", "127.0.0.1", "::1"];

/// TLS for a server of these names, valid or expired years ago, by a new authority that other TLS software trusts within these
/// constraints only.
///
/// # Errors
/// When the system has no random numbers.
pub fn make(names: &[&str], expired: bool, constraints: Option<NameConstraints>) -> Result<Made, Box<dyn Error>> {
    let mut ca = CertificateParams::new(Vec::new())?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    ca.name_constraints = constraints;
    ca.distinguished_name.push(DnType::CommonName, "push-service: throw-away authority");
    let ca_key = KeyPair::generate()?;
    let ca_pem = ca.self_signed(&ca_key)?.pem();

    let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    let mut leaf = CertificateParams::new(names)?;
    if expired {
        leaf.not_before = rcgen::date_time_ymd(2020, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(2021, 1, 1);
    }
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    leaf.distinguished_name.push(DnType::CommonName, "push-service");
    let leaf_key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&leaf_key, &Issuer::new(ca, ca_key))?;
    Ok((server_config(&certificate, &leaf_key)?, ca_pem))
}

/// TLS that shows this certificate.
pub(crate) fn server_config(certificate: &Certificate, key: &KeyPair) -> Result<Arc<ServerConfig>, Box<dyn Error>> {
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok(Arc::new(config))
}
