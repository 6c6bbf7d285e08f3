//! The variables that lead a sender's pushes here, as lines to paste: the proxy, and the authority behind it under the name that
//! each language's TLS reads.

use std::path::Path;

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
