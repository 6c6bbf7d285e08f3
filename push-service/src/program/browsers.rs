//! The browsers that this program starts, each with a new profile that uses this push service and is removed at the end. Edit
//! it when a browser has a new name, or needs another preference or switch.

use crate::{Failure, hint};
use anyhow::{Context, anyhow};
use http::Uri;
use std::env::consts::EXE_SUFFIX;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};
use std::{env, fs, thread};
use tempfile::TempDir;

/// A browser closes its windows and writes its profile when it is asked to end: well below a second.
const END_LIMIT: Duration = Duration::from_secs(5);
/// How often an ending browser is looked at.
const END_INTERVAL: Duration = Duration::from_millis(20);

/// What this program waits for.
pub(crate) enum Event {
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// The browser closed its error output, of which this was the last line.
    BrowserEnded(Kind, String),
}

/// The browsers that can use this push service.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Firefox,
    /// Chrome as well.
    Chromium,
}

/// What differs between the browsers.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Names on `PATH` and absolute paths. The first that exists is started.
    programs: &'static [&'static str],
    /// What to do when it is not installed.
    missing: &'static str,
    /// What to do when it does not run.
    cannot_run: &'static str,
}

const FIREFOX: Row = Row {
    name: "firefox",
    programs: &[
        "firefox",
        "firefox-esr",
        "/Applications/Firefox.app/Contents/MacOS/firefox",
        r"C:\Program Files\Mozilla Firefox\firefox",
    ],
    missing: "install it (Debian: apt install firefox-esr), or leave out --firefox",
    cannot_run: "without a display, set MOZ_HEADLESS=1",
};

const CHROMIUM: Row = Row {
    name: "chromium",
    programs: &[
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        r"C:\Program Files\Google\Chrome\Application\chrome",
    ],
    missing: "install it or Chrome (Debian: apt install chromium), or leave out --chromium",
    cannot_run: "it needs a display, on which it asks for permission",
};

impl Kind {
    pub(crate) fn row(self) -> &'static Row {
        match self {
            Kind::Firefox => &FIREFOX,
            Kind::Chromium => &CHROMIUM,
        }
    }

    /// Finds the browser on this machine.
    ///
    /// # Errors
    /// When it is not installed.
    pub(crate) fn find(self) -> Result<PathBuf, Failure> {
        let path = env::var_os("PATH").unwrap_or_default();
        // Joined to an absolute path, the folder does not count.
        let programs = self.row().programs.iter().flat_map(|name| {
            let name = format!("{name}{EXE_SUFFIX}");
            env::split_paths(&path).map(move |folder| folder.join(&name)).collect::<Vec<_>>()
        });
        let found = programs.into_iter().find(|program| program.is_file());
        found.with_context(|| format!("cannot find {}", self.row().name)).map_err(hint(self.row().missing))
    }
}

/// A browser that has been started. Dropped, it ends and its profile is removed.
pub(crate) struct Browser {
    pub(crate) kind: Kind,
    child: Child,
    profile: TempDir,
}

impl Browser {
    /// Starts `program` on `page`. `settings` are Firefox's preferences, each a line of `user.js`, or Chromium's switches.
    ///
    /// # Errors
    /// When the profile cannot be made or the program cannot be run.
    pub(crate) fn start(
        kind: Kind,
        program: &Path,
        page: &Uri,
        settings: &[String],
        events: &Sender<Event>,
    ) -> Result<Self, Failure> {
        let profile = new_profile(kind).map_err(hint("is the disk full?"))?;
        let mut command = Command::new(program);
        match kind {
            Kind::Firefox => {
                fs::write(profile.path().join("user.js"), settings.join("\n"))
                    .context("cannot write firefox's preferences")
                    .map_err(hint("is the disk full?"))?;
                command.args(["--no-remote", "--profile"]).arg(profile.path());
            }
            Kind::Chromium => {
                let folder = profile.path().display();
                command.args(settings).arg(format!("--user-data-dir={folder}")).args(quiet_switches(profile.path()));
            }
        }
        let child = command.arg(page.to_string()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = child
            .spawn()
            .with_context(|| format!("cannot start \"{}\"", program.display()))
            .map_err(hint("does it start by itself?"))?;
        let (output, events) = (child.stderr.take(), events.clone());
        thread::spawn(move || {
            let lines = output.into_iter().flat_map(|output| BufReader::new(output).lines());
            let last = lines.map_while(Result::ok).filter(|line| !line.is_empty()).last();
            // Without a receiver the program is ending already.
            _ = events.send(Event::BrowserEnded(kind, last.unwrap_or_default()));
        });
        Ok(Self { kind, child, profile })
    }

    /// Waits for the end of a browser that has closed its error output.
    ///
    /// # Errors
    /// When it failed.
    pub(crate) fn wait(&mut self, last_line: &str) -> Result<(), Failure> {
        match self.child.wait() {
            Ok(status) if !status.success() => {
                let name = self.kind.row().name;
                Err(anyhow!("{name} has ended with {status}: {last_line}")).map_err(hint(self.kind.row().cannot_run))
            }
            _ => Ok(()),
        }
    }

    fn ask_to_end(&mut self) {
        #[cfg(unix)]
        if let (Ok(None), Ok(id)) = (self.child.try_wait(), i32::try_from(self.child.id())) {
            use nix::{sys::signal, unistd::Pid};
            _ = signal::kill(Pid::from_raw(id), signal::Signal::SIGTERM);
        }
        #[cfg(not(unix))]
        {
            _ = self.child.kill();
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.ask_to_end();
        let ended = |child: &mut Child| !matches!(child.try_wait(), Ok(None::<ExitStatus>));
        if !within_limit(|| ended(&mut self.child)) {
            _ = self.child.kill();
            _ = self.child.wait();
        }
        remove_socket_folder(self.profile.path());
        // The browser's other processes write to the profile until they notice its end.
        within_limit(|| fs::remove_dir_all(self.profile.path()).is_ok() || !self.profile.path().exists());
    }
}

/// Removes the folder of the socket by which a Chromium finds another one of the same profile: one that is asked to end leaves
/// it among the system's temporary files.
fn remove_socket_folder(profile: &Path) {
    let Ok(socket) = fs::read_link(profile.join("SingletonSocket")) else {
        return;
    };
    let folder = socket.parent().filter(|folder| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("org.chromium.") || name.starts_with("com.google.Chrome.")
    });
    // A folder that cannot be removed is left to the system.
    _ = folder.map(fs::remove_dir_all);
}

/// Whether the condition comes true in time.
fn within_limit(mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + END_LIMIT;
    while !condition() {
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(END_INTERVAL);
    }
    true
}

/// A new profile, removed when dropped. It is beside this program, as a browser from snap cannot see the system's folder of
/// temporary files.
fn new_profile(kind: Kind) -> anyhow::Result<TempDir> {
    let name = kind.row().name;
    let program = env::current_exe().context("cannot find this program's own folder")?;
    let folder = program.parent().context("cannot find this program's own folder")?;
    TempDir::with_prefix_in(format!("{name}-"), folder).with_context(|| format!("cannot make a profile for {name}"))
}

/// Makes Chromium ask nothing at its first start; as root it does not start with its sandbox.
fn quiet_switches(profile: &Path) -> impl Iterator<Item = &'static str> {
    let no_sandbox = is_root(profile).then_some("--no-sandbox");
    ["--no-first-run", "--no-default-browser-check", "--password-store=basic"].into_iter().chain(no_sandbox)
}

/// Whether this program, which has made `file`, runs as root.
#[cfg(unix)]
fn is_root(file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(file).is_ok_and(|file| file.uid() == 0)
}

#[cfg(not(unix))]
fn is_root(_: &Path) -> bool {
    false
}
