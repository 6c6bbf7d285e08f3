//! The throw-away authority of the proxy: it vouches for the vendors' host names and for nothing else (name constraints, RFC
//! 5280 §4.2.1.10). Its key is dropped as soon as it has signed the one certificate, and is never on disk.

use crate::certificate::{self, Made};
use crate::vendor::Vendor;
use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints};
use rustls::ServerConfig;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// TLS as every vendor, and the folder of the file that makes a sender trust it.
pub(crate) struct Authority {
    pub(crate) config: Arc<ServerConfig>,
    folder: TempDir,
}

impl Authority {
    /// Makes the certificates, and writes the authority's own into a new temporary folder.
    pub(crate) fn make() -> Result<Self, Box<dyn Error>> {
        let names: Vec<_> = Vendor::all_hosts().collect();
        let (config, pem): Made = certificate::sign(&names, false, Some(constraints(&names)))?;
        let folder = TempDir::with_prefix("push-service-")?;
        std::fs::write(folder.path().join("ca.pem"), pem)?;
        Ok(Self { config, folder })
    }

    /// The authority's certificate in PEM, removed when the push service ends.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

fn constraints(names: &[&str]) -> NameConstraints {
    let permitted = names.iter().map(|name| GeneralSubtree::DnsName(name.trim_start_matches("*.").to_owned()));
    // Without these two, names would be limited and addresses would not.
    let addresses = [CidrSubnet::V4([0; 4], [0; 4]), CidrSubnet::V6([0; 16], [0; 16])];
    NameConstraints {
        permitted_subtrees: permitted.collect(),
        excluded_subtrees: addresses.into_iter().map(GeneralSubtree::IpAddress).collect(),
    }
}
