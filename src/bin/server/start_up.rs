//! What the server says on stdout when it starts: where to go, what was made, how to trust it.

use std::io::{self, Write};

use serde_json::Value;

use barepush::http::certificate;
use barepush::store::keys::KeyFile;
use barepush::web::api::Application;
use barepush::web::assets::Assets;

/// Prints the greeting, flushed, so that whoever started the server by a pipe can read its ports.
///
/// # Errors
/// What stdout answered.
pub(crate) fn print(
    application: &Application,
    assets: &Assets,
    key: KeyFile,
    made: &certificate::Made,
) -> io::Result<()> {
    let about = &application.about;
    let https = text(about, "/https");
    let mut lines = vec![
        format!("barepush {}", env!("CARGO_PKG_VERSION")),
        format!("  {https:<24}  Firefox: accept the warning about the certificate once"),
    ];
    if about["http"].is_string() {
        lines.push(format!("  {:<24}  Chrome and every other browser: nothing to accept", text(about, "/http")));
    }
    if let Assets::Folder(folder) = assets {
        lines.push(format!("serving the page in {}: a reload shows an edit", folder.display()));
    }
    if key == KeyFile::Created {
        lines.push("made a VAPID key: keep it, every subscription is bound to it".into());
    }
    lines.push(format!(
        "keys lie in {}, subscriptions in {}",
        text(about, "/keys"),
        application.store.path().display()
    ));
    lines.push(match application.status() {
        Ok(status) if status["stored"] == 0 => "nobody has subscribed yet".into(),
        Ok(status) => format!("{} subscribed", status["stored"]),
        Err(_) => format!("cannot read {}", application.store.path().display()),
    });
    if *made != certificate::Made::Kept {
        lines.extend(trust(made, https, text(about, "/certificate/file"), text(about, "/certificate/spki_sha256")));
    }
    let mut stdout = io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(stdout, "{line}"))?;
    stdout.flush()
}

/// How to trust a certificate made just now.
fn trust(made: &certificate::Made, https: &str, file: &str, spki: &str) -> [String; 3] {
    let what = match made {
        certificate::Made::Remade(why) => format!("made a new certificate, because {why}"),
        _ => "made a certificate".into(),
    };
    [
        format!("{what}: {file}. Firefox asks once; for Chrome on https, one of these:"),
        format!("  certutil -d sql:$HOME/.pki/nssdb -A -t CP,, -n barepush -i {file}"),
        format!(
            "  google-chrome --user-data-dir=/tmp/barepush-chrome --ignore-certificate-errors-spki-list={spki} {https}"
        ),
    ]
}

fn text<'a>(about: &'a Value, pointer: &str) -> &'a str {
    about.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
