//! The environment variables that lead a sender's pushes here, as lines to paste: the proxy, and the authority behind it under the name that
//! each language's TLS reads.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A push service on this machine answers within milliseconds, in a few hundred bytes.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
const MAX_ANSWER_BYTES: u64 = 16 * 1024;

/// Read by OpenSSL and barepush, by curl, by Node, by Python's requests.
const CA_VARIABLES: [&str; 4] = ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"];

/// Lines for sh, then for PowerShell.
pub(crate) fn lines(origin: &str, ca_file: &Path) -> Vec<String> {
    let file = ca_file.display().to_string();
    let variables = || std::iter::once(("HTTPS_PROXY", origin)).chain(CA_VARIABLES.map(|name| (name, file.as_str())));
    let mut lines = vec!["# paste into sh, bash or zsh, then send from there:".to_owned()];
    lines.extend(variables().map(|(name, value)| format!("export {name}={}", sh_quoted(value))));
    lines.push("# or into PowerShell:".to_owned());
    lines.extend(variables().map(|(name, value)| format!("$env:{name} = '{}'", value.replace('\'', "''"))));
    lines
}

/// One line for the shell of this system with what barepush reads.
pub(crate) fn for_barepush(origin: &str, ca_file: &Path) -> String {
    let file = ca_file.display().to_string();
    if cfg!(windows) {
        return format!("$env:HTTPS_PROXY = '{origin}'; $env:SSL_CERT_FILE = '{}'", file.replace('\'', "''"));
    }
    format!("export HTTPS_PROXY={origin} SSL_CERT_FILE={}", sh_quoted(&file))
}

/// Origin and authority of the push service that runs on this port; `None`: something else does.
pub(crate) fn of_running(port: u16) -> Option<(String, PathBuf)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut tcp = TcpStream::connect_timeout(&address, ANSWER_LIMIT).ok()?;
    tcp.set_read_timeout(Some(ANSWER_LIMIT)).ok()?;
    tcp.set_write_timeout(Some(ANSWER_LIMIT)).ok()?;
    write!(tcp, "GET /control/environment HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    tcp.take(MAX_ANSWER_BYTES).read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let environment: Value = serde_json::from_str(body).ok()?;
    Some((environment["proxy"].as_str()?.to_owned(), environment["ca_file"].as_str()?.into()))
}

fn sh_quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || ":/._-".contains(c);
    if value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_spaces_and_quotes_survives_both_shells() {
        let lines = lines("http://localhost:8082", Path::new("/tmp/it's here/ca.pem"));
        assert_eq!(lines[1], "export HTTPS_PROXY=http://localhost:8082");
        assert_eq!(lines[2], r"export SSL_CERT_FILE='/tmp/it'\''s here/ca.pem'");
        assert_eq!(lines[8], "$env:SSL_CERT_FILE = '/tmp/it''s here/ca.pem'");
        assert_eq!(lines.len(), 12);
    }
}
