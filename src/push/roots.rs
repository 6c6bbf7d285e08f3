//! Which authorities may vouch for a push service's certificate: those of one file, else those of the operating system.

use std::path::PathBuf;
use std::sync::Arc;
use std::{env, fs};

use ureq::tls::{PemItem, RootCerts};

/// The authorities in the file that `SSL_CERT_FILE` names or that the system keeps; where there is none, the operating system decides.
///
/// The system's verifier would read the folder of authorities as well as the file. On Debian that is the same ones again, and takes as
/// long as all the rest of a push. So an authority that is in the folder alone is not trusted beside a file.
pub(super) fn root_certs() -> RootCerts {
    let file = authorities_file().and_then(|path| fs::read(path).ok());
    let certificates: Vec<_> = ureq::tls::parse_pem(&file.unwrap_or_default())
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    match certificates.is_empty() {
        true => RootCerts::PlatformVerifier,
        false => RootCerts::Specific(Arc::new(certificates)),
    }
}

fn authorities_file() -> Option<PathBuf> {
    match (env::var_os("SSL_CERT_FILE"), env::var_os("SSL_CERT_DIR")) {
        // These systems keep no such file, and do not read the variables.
        _ if cfg!(any(not(unix), target_vendor = "apple", target_os = "android")) => None,
        (Some(file), _) => Some(file.into()),
        // A folder that the user chose alone holds without a file.
        (None, Some(_)) => None,
        (None, None) => openssl_probe::probe().cert_file,
    }
}
