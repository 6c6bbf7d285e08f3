//! The HTTPS proxy: CONNECT to a vendor's host ends here, so that a sender pushes to real host names without being changed.
//! CONNECT to any other host or port is refused.

use crate::authority::Authority;
use crate::http::RequestHead;
use crate::messages::Destination;
use crate::response::Response;
use crate::state::Shared;
use crate::vendor::Vendor;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

impl Shared {
    /// Where a CONNECT leads, and whose certificate is shown there; otherwise the refusal.
    pub(crate) fn connect(&self, head: &RequestHead) -> Result<(Destination, Arc<Authority>), Response> {
        let host = head.path.strip_suffix(":443").unwrap_or_default();
        let Some(vendor) = Vendor::of_host(host) else {
            self.report("refused: a CONNECT to another host than a vendor's push service");
            let why = format!("push-service: this proxy leads to port 443 of {} only\n", hosts().join(", "));
            return Err(Response::new(403).body("text/plain; charset=utf-8", why));
        };
        let authority = self.authority().map_err(|error| {
            let why = format!("push-service: cannot make a certificate: {error}\n");
            Response::new(502).body("text/plain; charset=utf-8", why)
        })?;
        let origin = format!("https://{}", host.to_ascii_lowercase());
        Ok((Destination { vendor, origin }, authority))
    }

    /// The file with the proxy's authority in PEM, for the sender's `SSL_CERT_FILE`.
    ///
    /// # Errors
    /// When the certificates cannot be made or the file cannot be written.
    pub fn ca_file(&self) -> Result<PathBuf, String> {
        let authority = self.authority().map_err(|error| format!("cannot write the proxy's certificate: {error}"))?;
        Ok(authority.file())
    }

    /// Made at the first use: most tests need none.
    fn authority(&self) -> Result<Arc<Authority>, String> {
        let mut made = self.authority.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(authority) = &*made {
            return Ok(authority.clone());
        }
        let authority = Arc::new(Authority::make().map_err(|error| error.to_string())?);
        *made = Some(authority.clone());
        Ok(authority)
    }
}

fn hosts() -> Vec<&'static str> {
    Vendor::all_hosts().collect()
}
