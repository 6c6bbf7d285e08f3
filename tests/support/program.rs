//! The real programs, run as people run them: in a folder of their own, with a time limit on every wait, killed and reaped
//! on drop, what they printed shown when a test fails.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// For every wait: far more than anything takes on a busy machine, far less than a test run may hang.
pub const LIMIT: Duration = Duration::from_secs(30);
/// What the surroundings of a test run must not change.
const FOREIGN: [&str; 14] = [
    "VAPID_PRIVATE_KEY",
    "VAPID_SUBJECT",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NO_COLOR",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "COLUMNS",
];

/// A program that is about to be started.
#[must_use]
pub struct Program {
    command: Command,
    stdin: Option<Vec<u8>>,
    stdin_stays_open: bool,
    terminal: Option<File>,
}

/// The binary `notify`, with `folder` as its current folder and so its `--data-dir`.
pub fn notify(folder: &Path) -> Program {
    Program::new(env!("CARGO_BIN_EXE_notify"), folder)
}

/// The binary `server`, with `folder` as its current folder, on ports that the system chooses.
pub fn server(folder: &Path) -> Program {
    Program::new(env!("CARGO_BIN_EXE_server"), folder).args(["--port", "0", "--http-port", "0"])
}

impl Program {
    /// Any program, in `folder`; its stdin is empty.
    pub fn new(program: impl AsRef<OsStr>, folder: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in FOREIGN {
            command.env_remove(name);
        }
        // What a killed server leaves behind goes with the folder.
        command.env("TMPDIR", folder);
        Self { command, stdin: None, stdin_stays_open: false, terminal: None }
    }

    pub fn arg(self, arg: impl AsRef<OsStr>) -> Self {
        self.args([arg])
    }

    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// What it reads from stdin, then the end.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// A stdin that [`Running::write`] writes to, and that ends with [`Running::close_stdin`].
    pub fn open_stdin(mut self) -> Self {
        self.stdin_stays_open = true;
        self
    }

    /// Somewhere else for stdout; nothing of it is captured then.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    /// A terminal of 80 columns for stderr; what it got is captured as ever, with each line break as the terminal makes it.
    #[cfg(unix)]
    pub fn terminal_for_stderr(mut self) -> Self {
        let size = nix::pty::Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = nix::pty::openpty(&size, None).expect("a terminal");
        // Copies are closed in programs that other tests start; one that had this end would hold up the other's end.
        let ends = pair.slave.try_clone().and_then(|slave| Ok((slave, pair.master.try_clone()?)));
        let (slave, master) = ends.expect("both ends");
        self.command.stderr(slave).env("TERM", "xterm");
        self.terminal = Some(master.into());
        self
    }

    /// Starts it and waits for its end.
    pub fn run(self) -> Finished {
        self.spawn().wait()
    }

    /// Starts it.
    pub fn spawn(mut self) -> Running {
        if self.stdin.is_some() || self.stdin_stays_open {
            self.command.stdin(Stdio::piped());
        }
        let mut child = self.command.spawn().expect("the program started");
        let mut threads = Vec::new();
        if let Some(bytes) = self.stdin {
            let pipe = child.stdin.take();
            // It may end without reading everything.
            threads.push(std::thread::spawn(move || _ = pipe.map(|mut pipe| pipe.write_all(&bytes))));
        }
        let (stdout, stderr) = (Output::default(), Output::default());
        threads.push(stdout.fill(child.stdout.take()));
        threads.push(match self.terminal {
            Some(terminal) => stderr.fill(Some(terminal)),
            None => stderr.fill(child.stderr.take()),
        });
        Running { child, stdout, stderr, threads, ended: false }
    }
}

/// What one pipe has given so far.
#[derive(Clone, Default)]
struct Output(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    closed: bool,
}

impl Output {
    fn fill(&self, mut pipe: Option<impl Read + Send + 'static>) -> JoinHandle<()> {
        let output = self.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let read = match pipe.as_mut().map_or(Ok(0), |pipe| pipe.read(&mut buffer)) {
                    Ok(read) => read,
                    Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                    Err(_) => 0,
                };
                let (state, changed) = &*output.0;
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                state.bytes.extend_from_slice(&buffer[..read]);
                state.closed = read == 0;
                changed.notify_all();
                if read == 0 {
                    return;
                }
            }
        })
    }

    fn text(&self) -> String {
        let state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&state.bytes).into_owned()
    }

    /// Whether the pipe was closed before `deadline`.
    fn wait_for_end(&self, deadline: Instant) -> bool {
        let (state, changed) = &*self.0;
        let left = deadline.saturating_duration_since(Instant::now());
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(state, left, |state| !state.closed);
        waited.unwrap_or_else(PoisonError::into_inner).0.closed
    }

    /// The first whole line that fits; `None` when the pipe was closed, or nothing came in time.
    fn wait_for_line(&self, fits: impl Fn(&str) -> bool) -> Option<String> {
        let (state, changed) = &*self.0;
        let deadline = Instant::now() + LIMIT;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let text = String::from_utf8_lossy(&state.bytes).into_owned();
            let mut whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            if let Some(line) = whole.find(|line| fits(line.trim_end())) {
                return Some(line.trim_end().to_owned());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.closed || left.is_zero() {
                return None;
            }
            state = changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// A program that runs; dropped, it is killed and reaped.
pub struct Running {
    child: Child,
    stdout: Output,
    stderr: Output,
    threads: Vec<JoinHandle<()>>,
    ended: bool,
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to a stdin that stays open.
    pub fn write(&mut self, bytes: &[u8]) {
        let pipe = self.child.stdin.as_mut().expect("a stdin that stays open");
        pipe.write_all(bytes).expect("a program that reads");
    }

    /// Ends a stdin that stayed open.
    pub fn close_stdin(&mut self) {
        self.child.stdin = None;
    }

    /// The first line of stdout that fits, waited for.
    pub fn line(&self, fits: impl Fn(&str) -> bool) -> String {
        self.stdout.wait_for_line(fits).unwrap_or_else(|| panic!("no such line on stdout\n{}", self.printed()))
    }

    /// The first line of stderr that fits, waited for.
    pub fn error_line(&self, fits: impl Fn(&str) -> bool) -> String {
        self.stderr.wait_for_line(fits).unwrap_or_else(|| panic!("no such line on stderr\n{}", self.printed()))
    }

    /// The first `https://...` (or `http://...`) that a server's start-up text names: `url("https")`.
    pub fn url(&self, scheme: &str) -> String {
        let start = format!("{scheme}://");
        let line = self.line(|line| line.trim_start().starts_with(&start));
        line.split_whitespace().next().unwrap_or_default().to_owned()
    }

    /// What it has printed so far.
    pub fn printed(&self) -> String {
        format!("stdout:\n{}\nstderr:\n{}", self.stdout.text(), self.stderr.text())
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// SIGINT: Ctrl-C.
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    /// SIGHUP: its terminal was closed.
    pub fn hang_up(&self) {
        self.signal("HUP");
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.pid())).status();
        assert!(sent.expect("sh started").success(), "the program has ended already\n{}", self.printed());
    }

    /// Waits for its end: first, with a limit, for its pipes to close, which the standard library cannot do for the end itself.
    pub fn wait(self) -> Finished {
        self.wait_within(LIMIT)
    }

    /// The same with another limit, for a program that is not ours.
    pub fn wait_within(mut self, limit: Duration) -> Finished {
        let deadline = Instant::now() + limit;
        if !self.stdout.wait_for_end(deadline) || !self.stderr.wait_for_end(deadline) {
            panic!("still runs after {limit:?}");
        }
        let status = self.child.wait().expect("its exit status");
        self.ended = true;
        for thread in self.threads.drain(..) {
            _ = thread.join();
        }
        Finished { code: status.code(), stdout: self.stdout.text(), stderr: self.stderr.text() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            _ = self.child.kill();
            _ = self.child.wait();
        }
        if std::thread::panicking() {
            println!("{}", self.printed());
        }
    }
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Finished {
    /// `None`: by a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// Compares all of it at once, so that a failure shows all of it.
    #[track_caller]
    pub fn is(&self, code: i32, stdout: &str, stderr: &str) {
        let expected = Finished { code: Some(code), stdout: stdout.to_owned(), stderr: stderr.to_owned() };
        assert!(
            *self == expected,
            "exit code {:?}\n--- stdout\n{}--- stderr\n{}\n=== expected: exit code {code}\n--- stdout\n{stdout}--- stderr\n{stderr}",
            self.code,
            self.stdout,
            self.stderr
        );
    }
}
