//! Firefox (WebDriver BiDi) and Chromium (DevTools protocol), driven over their own WebSockets: no driver program.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde_json::{Value, json};
use websocket::DEADLINE;

pub(crate) mod chromium;
pub(crate) mod firefox;
pub(crate) mod process;
mod websocket;

/// The programs a test needs, each with its Debian package.
pub(crate) const FIREFOX: Program = Program { names: &["firefox-esr", "firefox"], package: "firefox-esr" };
/// See [`FIREFOX`].
pub(crate) const CHROMIUM: Program =
    Program { names: &["chromium", "chromium-browser", "google-chrome"], package: "chromium" };
/// Writes trust in our certificate into a browser's own store.
pub(crate) const CERTUTIL: Program = Program { names: &["certutil"], package: "libnss3-tools" };

/// A program looked for on `PATH`.
pub(crate) struct Program {
    names: &'static [&'static str],
    package: &'static str,
}

impl Program {
    fn path(&self) -> Option<PathBuf> {
        let folders = env::var_os("PATH")?;
        let folders: Vec<PathBuf> = env::split_paths(&folders).collect();
        let candidates = self.names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        candidates.into_iter().find(|path| path.is_file())
    }
}

/// Whether all programs are here. If not, the test is to be left out: see [`leave_out`].
pub(crate) fn installed(programs: &[&Program]) -> bool {
    let missing = programs.iter().filter(|program| program.path().is_none());
    let missing: Vec<&str> = missing.map(|program| program.package).collect();
    let missing = missing.join(" ");
    missing.is_empty() || leave_out(&missing, &format!("apt-get install {missing}"))
}

/// Says, once for each `need`, that tests are left out and how to have them run; past the test harness, which hides what
/// passing tests print. With `BAREPUSH_REQUIRE_BROWSERS` set, as in CI, the test fails instead.
pub(crate) fn leave_out(need: &str, remedy: &str) -> bool {
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let note = format!("browser tests that need {need} are left out; to run them: {remedy}");
    assert!(env::var_os("BAREPUSH_REQUIRE_BROWSERS").is_none(), "{note}");
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if !said.contains(&note) {
        let _ = writeln!(std::io::stderr(), "note: {note}");
        said.push(note);
    }
    false
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

    /// What the pages opened so far complained of in the console: errors and warnings, scripts' uncaught errors, and where
    /// the browser tells, content security policy, failed loads and errors inside workers.
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
