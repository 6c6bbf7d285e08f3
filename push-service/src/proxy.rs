//! The HTTPS proxy: CONNECT to a vendor's host ends here, so that a sender pushes to real host names without being changed.
//! CONNECT to any other host or port is refused. The throw-away authority behind it vouches for the vendors' host names and for
//! nothing else (name constraints, RFC 5280 §4.2.1.10). Its key is dropped as soon as it has signed, and is never on disk.

use crate::{Destination, RequestHead, Response, Shared, Vendor, certificate};
use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints};
use rustls::ServerConfig;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// TLS as every vendor, and the folder of the file that makes a sender trust it.
pub(crate) struct Authority {
    config: Arc<ServerConfig>,
    folder: TempDir,
}

impl Authority {
    /// Makes the certificates, and writes the authority's own into a new temporary folder.
    fn make() -> Result<Self, Box<dyn Error>> {
        let names: Vec<_> = Vendor::all_hosts().collect();
        let permitted = names.iter().map(|name| GeneralSubtree::DnsName(name.trim_start_matches("*.").to_owned()));
        // Without these two, names would be limited and addresses would not.
        let addresses = [CidrSubnet::V4([0; 4], [0; 4]), CidrSubnet::V6([0; 16], [0; 16])];
        let constraints = NameConstraints {
            permitted_subtrees: permitted.collect(),
            excluded_subtrees: addresses.into_iter().map(GeneralSubtree::IpAddress).collect(),
        };
        let (config, pem) = certificate::make(&names, false, Some(constraints))?;
        let folder = TempDir::with_prefix("push-service-")?;
        std::fs::write(folder.path().join("ca.pem"), pem)?;
        Ok(Self { config, folder })
    }
}

impl Shared {
    /// Where a CONNECT leads, and the TLS that is shown there; otherwise the refusal.
    pub(crate) fn connect(&self, head: &RequestHead) -> Result<(Destination, Arc<ServerConfig>), Response> {
        let refusal =
            |status, why| Response::new(status).body("text/plain; charset=utf-8", format!("push-service: {why}\n"));
        let host = head.path.strip_suffix(":443").unwrap_or_default();
        let Some(vendor) = Vendor::of_host(host) else {
            self.report("refused: a CONNECT to another host than a vendor's push service");
            let hosts = Vendor::all_hosts().collect::<Vec<_>>().join(", ");
            return Err(refusal(403, format!("this proxy leads to port 443 of {hosts} only")));
        };
        let authority =
            self.authority().map_err(|error| refusal(502, format!("cannot make a certificate: {error}")))?;
        let origin = format!("https://{}", host.to_ascii_lowercase());
        Ok((Destination { vendor, origin }, authority.config.clone()))
    }

    /// The file with the proxy's authority in PEM, for the sender's `SSL_CERT_FILE`. It is removed when the push service ends.
    ///
    /// # Errors
    /// When the certificates cannot be made or the file cannot be written.
    pub fn ca_file(&self) -> Result<PathBuf, String> {
        let authority = self.authority().map_err(|error| format!("cannot write the proxy's certificate: {error}"))?;
        Ok(authority.folder.path().join("ca.pem"))
    }

    /// Made at the first use: most tests need none.
    fn authority(&self) -> Result<Arc<Authority>, Box<dyn Error>> {
        let mut made = self.authority.lock();
        if let Some(authority) = &*made {
            return Ok(authority.clone());
        }
        Ok(made.insert(Arc::new(Authority::make()?)).clone())
    }
}
