//! The start-up text on stdout: where to open the page, what was made, where the files are. Edit it to change that text.

use std::io::{self, Write};

use barepush::http::Certificate;
use barepush::http::certificate::Made;
use barepush::web::{Application, Host};

use crate::args::Args;

/// Prints the text, flushed, so that a program that started the server with a pipe can read its ports.
///
/// # Errors
/// What stdout answered.
pub(crate) fn print(
    args: &Args,
    application: &Application,
    certificate: &Certificate,
    is_new_key: bool,
) -> io::Result<()> {
    let mut lines = vec![format!("barepush {}", env!("CARGO_PKG_VERSION"))];
    lines.extend(addresses(&application.hosts, certificate.made));
    if let Some(folder) = &application.www {
        lines.push(format!("serving the page in {}: a reload shows an edit", folder.display()));
    }
    if is_new_key {
        lines.push("made a VAPID key: keep it, every subscription is bound to it".into());
    }
    let file = certificate.file.display();
    lines.extend(match certificate.made {
        Made::New => Some(format!("made a certificate: {file}")),
        Made::Remade(why) => Some(format!("made a new certificate, because {why}: {file}")),
        Made::Kept | Made::Given => None,
    });
    let store = application.store.path().display();
    lines.push(format!("keys are in {}/, subscriptions in {store}", args.data.keys().display()));
    lines.push(match application.store.overview().map(|overview| overview.stored) {
        Ok(0) => "nobody has subscribed yet".into(),
        Ok(1) => "1 subscription is stored".into(),
        Ok(stored) => format!("{stored} subscriptions are stored"),
        Err(_) => format!("cannot read {store}"),
    });
    let mut stdout = io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(stdout, "{line}"))?;
    stdout.flush()
}

/// http first: browsers count http://localhost as secure, and there is no certificate to trust.
fn addresses(hosts: &[Host], certificate: Made) -> Vec<String> {
    let note = |scheme| match certificate {
        _ if scheme == "http" => "open this in any desktop browser",
        Made::Given => "with the certificate of --tls-cert",
        _ => "browsers warn about its certificate: see docs/troubleshooting.md",
    };
    let width = hosts.iter().map(|host| host.url().len()).max().unwrap_or_default();
    hosts.iter().rev().map(|host| format!("  {:<width$}  {}", host.url(), note(host.scheme))).collect()
}
