//! Firefox (WebDriver BiDi) and Chromium (DevTools protocol), driven over their own WebSockets: no driver program.

use std::env;
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::{Value, json};
use websocket::DEADLINE;

pub(crate) mod chromium;
pub(crate) mod firefox;
pub(crate) mod process;
mod websocket;

/// What a test needs to be installed.
pub(crate) const FIREFOX: Need =
    Need { name: "firefox-esr", install: "apt-get install firefox-esr", find: || on_path(&["firefox-esr", "firefox"]) };
/// See [`FIREFOX`].
pub(crate) const CHROMIUM: Need = Need {
    name: "chromium",
    install: "apt-get install chromium",
    find: || on_path(&["chromium", "chromium-browser", "google-chrome"]),
};
/// Adds our certificate to a browser's own store.
pub(crate) const CERTUTIL: Need =
    Need { name: "certutil", install: "apt-get install libnss3-tools", find: || on_path(&["certutil"]) };
/// Finds what makes a page hard to use for people with disabilities.
pub(crate) const AXE: Need = Need {
    name: "axe-core",
    install: "npm install --prefix target/axe axe-core@4",
    find: || Some(target().join("axe/node_modules/axe-core/axe.min.js")).filter(|file| file.is_file()),
};

/// Stands for a tunnel that ends TLS. Debian installs it where not every user's `PATH` leads.
pub(crate) const NGINX: Need = Need {
    name: "nginx",
    install: "apt-get install nginx-light",
    find: || on_path(&["nginx"]).or_else(|| Some("/usr/sbin/nginx".into()).filter(|file: &PathBuf| file.is_file())),
};

/// A program or a file that may not be installed.
pub(crate) struct Need {
    name: &'static str,
    install: &'static str,
    find: fn() -> Option<PathBuf>,
}

impl Need {
    /// Where it is, when it is installed.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        (self.find)()
    }
}

impl Display for Need {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        write!(f, "{} is not installed: {}", self.name, self.install)
    }
}

/// The first of the programs `names` that is on `PATH`.
fn on_path(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

/// Cargo's `target/`, where screenshots go.
pub(crate) fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/")
}

fn test_name() -> String {
    let name = thread::current().name().unwrap_or("a test").to_owned();
    name.replace("::", " ")
}

/// Where evidence of a failure goes: `target/browser-failures/TEST.BROWSER.KIND`.
fn evidence(kind: &str) -> PathBuf {
    let folder = target().join("browser-failures");
    let _ = fs::create_dir_all(&folder);
    folder.join(format!("{}.{kind}", test_name().replace(' ', "-")))
}

/// Makes the NSS database in `folder` trust `certificate` (PEM), for both browsers the store they consult.
fn trust(folder: &Path, certificate: &Path) {
    fs::create_dir_all(folder).expect("a folder for the certificate store");
    let program = CERTUTIL.path().expect("certutil");
    let store = format!("sql:{}", folder.display());
    let certutil = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        let output = command.args(arguments).args(["-d", &store]).output();
        let output = output.expect("running certutil");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "certutil {arguments:?}: {said}");
    };
    certutil(&["-N", "--empty-password"]);
    let file = certificate.to_str().expect("a UTF-8 path");
    certutil(&["-A", "-t", "CP,,", "-n", "barepush", "-i", file]);
}

/// A browser's tab under test.
pub(crate) trait Tab {
    /// The value of a JS expression in the page, awaited when it is a promise.
    fn value(&mut self, expression: &str) -> Value;

    /// Clicks the middle of the first element `selector` finds, as a mouse would: this is a user's activation.
    fn click(&mut self, selector: &str);

    /// The console's errors and warnings of the pages opened so far and scripts' uncaught errors; where the browser reports
    /// them, also violations of the content security policy, failed loads and errors inside workers.
    fn complaints(&mut self) -> Vec<String>;

    /// Waits until a JS expression in the page is true, and returns it.
    fn wait_for(&mut self, condition: &str) -> Value {
        self.value(&until_true(condition))
    }

    /// Waits until the element `id` reads exactly `text`.
    fn wait_to_read(&mut self, id: &str, text: &str) {
        let element = format!("document.getElementById({})", json!(id));
        let there = format!("{element}.textContent === {}", json!(text));
        let read = self.value(&format!("{}.catch(() => null).then(() => {element}.textContent)", until_true(&there)));
        assert_eq!(read, json!(text), "#{id}");
    }
}

/// A script's promise that `condition` (a JS expression, awaited) comes true: looked at every 50 ms until [`DEADLINE`].
fn until_true(condition: &str) -> String {
    let deadline = DEADLINE.as_millis();
    format!(
        "(async () => {{
            const end = Date.now() + {deadline};
            for (;;) {{
                const value = await ({condition});
                if (value) return value;
                if (Date.now() > end) throw new Error('still not true in time');
                await new Promise(again => setTimeout(again, 50));
            }}
        }})()"
    )
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
