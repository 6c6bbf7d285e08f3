//! A browser's process: started alone in its own process group, its output kept, ended with all its children.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use super::websocket::DEADLINE;

/// Ends the browser when our end of its standard input closes, which even a killed test run cannot leave undone:
/// first the browser, reaped, then whatever it left in the process group, this shell included.
const GUARD: &str = r#""$@" 2>&1 </dev/null & read -r _; kill -KILL $!; wait $!; kill -KILL 0"#;

/// Variables that would lead the browser to a real desktop, a real profile or another browser.
const DESKTOP: [&str; 7] = [
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
];

/// A running browser.
pub(crate) struct Process {
    guard: Child,
    output: Arc<Output>,
}

#[derive(Default)]
struct Output {
    lines: Mutex<Vec<String>>,
    grown: Condvar,
}

impl Process {
    /// Starts `program` with `home` as its home and temporary folder.
    pub(crate) fn start(program: impl AsRef<OsStr>, arguments: &[String], home: &Path) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", GUARD, "browser"]);
        command.arg(program).args(arguments);
        command.env("HOME", home).env("TMPDIR", home);
        for variable in DESKTOP {
            command.env_remove(variable);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::null());
        let mut guard = command.process_group(0).spawn().expect("starting /bin/sh");
        let output = Arc::new(Output::default());
        let pipe = BufReader::new(guard.stdout.take().expect("its output"));
        let keeper = Arc::clone(&output);
        thread::spawn(move || {
            for line in pipe.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                keeper.lines.lock().expect("the lines").push(line);
                keeper.grown.notify_all();
            }
        });
        Self { guard, output }
    }

    /// What follows `before` on the first line of output that has it.
    pub(crate) fn line_after(&self, before: &str) -> String {
        let find = |lines: &Vec<String>| {
            let mut rest = lines.iter().filter_map(|line| line.split_once(before));
            rest.next().map(|(_, after)| after.trim().to_owned())
        };
        let lines = self.output.lines.lock().expect("the lines");
        let (lines, _) =
            self.output.grown.wait_timeout_while(lines, DEADLINE, |lines| find(lines).is_none()).expect("the lines");
        find(&lines).unwrap_or_else(|| panic!("no \"{before}\" in: {}", lines.join("\n")))
    }

    /// Everything the browser has written so far.
    pub(crate) fn output(&self) -> String {
        let lines = self.output.lines.lock();
        lines.map_or_else(|_| String::new(), |lines| lines.join("\n"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}
