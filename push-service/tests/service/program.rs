//! The program and the browsers that it starts: programs on `PATH` stand in for them, and report to the test over TCP.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(20);

/// The folder of browsers, the server of the page, and where a started browser reports.
struct Machine {
    folder: TempDir,
    page: TcpListener,
    reports: TcpListener,
}

/// A started browser: its arguments, and its connection, which ends with it.
struct Started {
    arguments: Vec<String>,
    connection: BufReader<TcpStream>,
}

impl Machine {
    fn new() -> Self {
        let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
        Self { folder: tempfile::tempdir().unwrap(), page: listen(), reports: listen() }
    }

    fn install(&self, name: &str, script: &str) {
        let program = self.folder.path().join(name);
        fs::write(&program, format!("#!/bin/bash\n{script}\n")).unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    }

    /// Installs a browser that reports its arguments and runs until it is asked to end.
    fn install_browser(&self, name: &str) {
        let port = self.reports.local_addr().unwrap().port();
        let script = "printf '%s\\n' \"$@\" end >&3\nread -r <&3";
        self.install(name, &format!("exec 3<>/dev/tcp/127.0.0.1/{port}\n{script}"));
    }

    fn page(&self) -> String {
        format!("http://{}/", self.page.local_addr().unwrap())
    }

    fn start(&self, arguments: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_push-service"));
        command.args(["--port", "0"]).args(arguments).env("PATH", self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(Some(command.spawn().unwrap()))
    }

    fn accept(&self) -> Started {
        self.reports.set_nonblocking(true).unwrap();
        let end = Instant::now() + LIMIT;
        let connection = loop {
            match self.reports.accept() {
                Ok((connection, _)) => break connection,
                Err(error) => assert!(Instant::now() < end, "no browser has started: {error}"),
            }
            std::thread::yield_now();
        };
        connection.set_nonblocking(false).unwrap();
        connection.set_read_timeout(Some(LIMIT)).unwrap();
        let mut connection = BufReader::new(connection);
        let lines = connection.by_ref().lines().map(Result::unwrap);
        Started { arguments: lines.take_while(|line| line != "end").collect(), connection }
    }
}

impl Started {
    fn value(&self, name: &str) -> &str {
        let value = self.arguments.iter().find_map(|argument| argument.strip_prefix(name));
        value.unwrap_or_else(|| panic!("{name} is not among {:?}", self.arguments))
    }

    fn has_ended(mut self) {
        assert_eq!(self.connection.read(&mut [0]).unwrap(), 0);
    }
}

/// The program, ended and reaped on drop.
struct Running(Option<Child>);

impl Running {
    fn terminate(self) -> Output {
        let id = self.0.as_ref().unwrap().id();
        kill(Pid::from_raw(i32::try_from(id).unwrap()), Signal::SIGTERM).unwrap();
        self.finish()
    }

    fn finish(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // Killed, it would leave its browsers and their profiles.
            kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
            child.wait().unwrap();
        }
    }
}

#[test]
fn chromium_is_started_with_the_switches_that_lead_it_here_and_ended_with_its_profile() {
    let machine = Machine::new();
    machine.install_browser("chromium");
    let program = machine.start(&["--chromium", &machine.page()]);
    let chromium = machine.accept();
    let origin = chromium.value("--gcm-checkin-url=").strip_suffix("/google/check-in").unwrap();
    assert!(origin.starts_with("http://127.0.0.1:"), "{origin}");
    assert_eq!(chromium.value("--gcm-registration-url="), format!("{origin}/google/registration"));
    assert!(chromium.value("--gcm-mcs-endpoint=").starts_with("https://127.0.0.1:"));
    assert_eq!(chromium.value("--ignore-certificate-errors-spki-list=").len(), 44);
    assert_eq!(chromium.arguments.last(), Some(&machine.page()));
    let profile = chromium.value("--user-data-dir=").to_owned();
    fs::write(Path::new(&profile).join("written by the browser"), "").unwrap();
    let socket_folder = machine.folder.path().join("org.chromium.Chromium.x");
    fs::create_dir(&socket_folder).unwrap();
    symlink(socket_folder.join("SingletonSocket"), Path::new(&profile).join("SingletonSocket")).unwrap();
    let output = program.terminate();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
    chromium.has_ended();
    assert!(!Path::new(&profile).exists() && !socket_folder.exists());
}

#[test]
fn both_browsers_are_started_and_the_end_of_one_does_not_end_the_other() {
    let machine = Machine::new();
    machine.install_browser("firefox-esr");
    machine.install("google-chrome", "exit 0");
    let page = machine.page();
    let mut program = machine.start(&["--firefox", &page, "--chromium", &page]);
    let firefox = machine.accept();
    assert_eq!(firefox.arguments[..2], ["--no-remote", "--profile"]);
    let preferences = fs::read_to_string(Path::new(&firefox.arguments[2]).join("user.js")).unwrap();
    assert!(preferences.starts_with("user_pref(\"dom.push.serverURL\", \"ws://127.0.0.1:"), "{preferences}");
    let output = program.0.as_mut().unwrap().stdout.take().unwrap();
    let mut lines = BufReader::new(output).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "chromium has ended; Ctrl-C ends the push service"));
    assert_eq!(program.terminate().status.code(), Some(0));
    firefox.has_ended();
}

#[test]
fn a_browser_that_is_not_installed_is_reported_before_anything_else_happens() {
    let rows = [
        ("--firefox", "firefox", "install it (Debian: apt install firefox-esr), or leave out --firefox"),
        ("--chromium", "chromium", "install it or Chrome (Debian: apt install chromium), or leave out --chromium"),
    ];
    for (flag, name, hint) in rows {
        let output = Machine::new().start(&[flag]).finish();
        let stderr = format!("push-service: error: cannot find {name}\npush-service: hint: {hint}\n");
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
        assert_eq!(String::from_utf8_lossy(&output.stderr), stderr);
    }
}

#[test]
fn a_browser_that_fails_ends_the_program_with_its_last_words() {
    let machine = Machine::new();
    machine.install("chromium", "echo 'no display' >&2; echo >&2; exit 3");
    let output = machine.start(&["--chromium", &machine.page()]).finish();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "push-service: error: chromium has ended with exit status: 3: no display\n\
         push-service: hint: it needs a display, on which it asks for permission\n"
    );
}

#[test]
fn the_program_waits_for_the_pages_server_and_says_so() {
    let mut machine = Machine::new();
    machine.install_browser("chromium");
    let page = machine.page();
    let address = machine.page.local_addr().unwrap();
    machine.page = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut program = machine.start(&["--chromium", &page]);
    let output = program.0.as_mut().unwrap().stdout.take().unwrap();
    let mut lines = BufReader::new(output).lines().map(Result::unwrap);
    let found = machine.folder.path().join("chromium");
    let waiting = format!("chromium ({}) starts when a server listens at {page}", found.display());
    assert!(lines.any(|line| line == waiting));
    machine.page = TcpListener::bind(address).unwrap();
    assert_eq!(machine.accept().arguments.last(), Some(&page));
}

/// The variables as sh understands them lead a real curl to a vendor's host name here, with TLS checked.
#[test]
fn the_lines_of_env_lead_curl_here() {
    let mut program = Machine::new().start(&["--env"]);
    let output = program.0.as_mut().unwrap().stdout.take().unwrap();
    let lines = BufReader::new(output).lines().map(Result::unwrap);
    let exports: Vec<_> = lines.skip_while(|line| !line.starts_with("export ")).take(5).collect();
    let names = ["HTTPS_PROXY=", "SSL_CERT_FILE=", "CURL_CA_BUNDLE=", "NODE_EXTRA_CA_CERTS=", "REQUESTS_CA_BUNDLE="];
    for (line, name) in exports.iter().zip(names) {
        assert!(line.starts_with(&format!("export {name}")), "{line}");
    }
    let script =
        format!("{}\ncurl -sS -X POST -w '%{{http_code}}' https://web.push.apple.com/unknown", exports.join("\n"));
    let curl = Command::new("sh").args(["-c", &script]).env_remove("https_proxy").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&curl.stdout), "{\"reason\":\"BadPath\"}404", "{:?}", curl.stderr);
    let script = format!("{}\ncurl -sS https://example.com/", exports.join("\n"));
    let curl = Command::new("sh").args(["-c", &script]).env_remove("https_proxy").output().unwrap();
    assert!(String::from_utf8_lossy(&curl.stderr).contains("403"), "{:?}", curl.stderr);
    assert_eq!(program.terminate().status.code(), Some(0));
    let (_, file) = exports[1].split_once('=').unwrap();
    assert!(!Path::new(file).exists());
}

#[test]
fn a_second_push_service_on_the_port_says_so_and_prints_the_variables_of_the_first() {
    let mut first = Machine::new().start(&["--env"]);
    let output = first.0.as_mut().unwrap().stdout.take().unwrap();
    let lines: Vec<_> =
        BufReader::new(output).lines().map(Result::unwrap).take_while(|l| !l.starts_with("# or")).collect();
    let exports: Vec<_> = lines.iter().filter(|line| line.starts_with("export ")).cloned().collect();
    let (_, port) = exports[0].rsplit_once(':').unwrap();
    let second = |arguments: &[&str]| {
        let program = env!("CARGO_BIN_EXE_push-service");
        let output = Command::new(program).args(["--port", port]).args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let refusal = format!(
        "push-service: error: cannot listen on port {port}: another push-service runs there\n\
         push-service: hint: use that one (--env prints its variables), end it, or choose another port with --port\n"
    );
    assert_eq!(second(&[]), (Some(1), String::new(), refusal));
    let (code, stdout, stderr) = second(&["--env"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    for line in exports {
        assert!(stdout.contains(&line), "{line} is not in {stdout}");
    }
}

#[test]
fn a_port_that_another_program_has_is_reported() {
    let machine = Machine::new();
    let port = machine.page.local_addr().unwrap().port().to_string();
    let silent = std::thread::spawn(move || drop(machine.page.accept()));
    let output = Command::new(env!("CARGO_BIN_EXE_push-service")).args(["--port", &port]).output().unwrap();
    silent.join().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with(&format!("push-service: error: cannot listen on port {port}: ")), "{stderr}");
    assert!(
        stderr.ends_with("push-service: hint: choose another port with --port; 0 lets the system choose\n"),
        "{stderr}"
    );
}

#[test]
fn each_choice_of_browsers_gets_the_steps_that_lead_to_a_notification() {
    let machine = Machine::new();
    machine.install_browser("firefox");
    machine.install_browser("chromium");
    let page = machine.page();
    let allow = " -- --allow-push-service ORIGIN";
    let both: &[&str] = &["--firefox", &page, "--chromium", &page];
    for (arguments, proxy, server) in [(&both[..2], false, allow), (&both[2..], true, ""), (both, true, allow)] {
        let program = machine.start(arguments);
        let started: Vec<_> = (0..arguments.len() / 2).map(|_| machine.accept()).collect();
        let output = String::from_utf8(program.terminate().stdout).unwrap();
        started.into_iter().for_each(Started::has_ended);
        let (_, origin) = output.lines().next().unwrap().split_once("push service at ").unwrap();
        let (origin, _) = origin.split_once(',').unwrap();
        let server = server.replace("ORIGIN", origin);
        assert!(output.contains(&format!("\n1. in a second terminal: cargo run --bin server{server}\n")), "{output}");
        assert_eq!(output.contains(&format!("export HTTPS_PROXY={origin} SSL_CERT_FILE=/")), proxy, "{output}");
        assert_eq!(output.matches(&format!(", which then opens {page}: ")).count(), arguments.len() / 2, "{output}");
    }
}

/// The commands of README.md, one after another, with this machine's port.
#[test]
fn the_commands_of_the_readme_work() {
    let mut program = Machine::new().start(&[]);
    let output = program.0.as_mut().unwrap().stdout.take().unwrap();
    let first = BufReader::new(output).lines().map(Result::unwrap).next().unwrap();
    let (origin, _) = first.strip_prefix("push service at ").unwrap().split_once(',').unwrap();
    let readme = include_str!("../../README.md").replace("http://localhost:8082", origin);
    let blocks: Vec<_> = readme.split("```sh\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert_eq!(blocks.len(), 4);
    let folder = tempfile::tempdir().unwrap();
    let script = blocks.concat().replace("wait=5", "wait=0").replace("curl -sS", "curl --fail-with-body -sS");
    let mut sh = Command::new("sh");
    sh.args(["-eu", "-c", &script]).current_dir(folder.path()).env_remove("http_proxy").env_remove("HTTP_PROXY");
    let output = sh.output().unwrap();
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert_eq!((output.status.code(), stderr.as_ref()), (Some(0), ""), "{stdout}");
    let lines: Vec<_> = stdout.lines().collect();
    assert_eq!(lines[0], "{\"dropped\":0,\"messages\":[]}");
    assert!(lines[1].contains(&format!("\"proxy\":\"{origin}\"")), "{stdout}");
    let subscription = fs::read_to_string(folder.path().join("subscription.json")).unwrap();
    assert!(subscription.starts_with("{\"endpoint\":\"https://web.push.apple.com/"), "{subscription}");
}
