//! One test for each sender and vendor.

use libtest_mimic::{Failed, Trial};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// Those that a sender reaches through the proxy by their real host names.
const VENDORS: [&str; 4] = ["mozilla", "google", "apple", "windows"];
/// What a sender prints when all went well.
const STEPS: &str = "sent 201\nread hello mailto:test@example.com\nbusy 429 7\ngone 410\n";

/// A sender, and what shows that it is installed.
struct Sender {
    name: &'static str,
    installed: PathBuf,
    run: fn(&Path, &Service, &str) -> Result<(), Failed>,
}

pub(crate) fn trials() -> Vec<Trial> {
    let senders = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/senders");
    let all = [
        Sender { name: "npm_web_push", installed: senders.join("node_modules/web-push"), run: npm_web_push },
        Sender { name: "pywebpush", installed: senders.join("venv/bin/python3"), run: pywebpush },
        Sender {
            name: "rust_web_push",
            installed: senders.join("rust/debug/rust-web-push-sender"),
            run: rust_web_push,
        },
    ];
    let each = all.into_iter().flat_map(|sender| VENDORS.map(|vendor| sender.trial(vendor)));
    each.collect()
}

impl Sender {
    fn trial(&self, vendor: &'static str) -> Trial {
        let name = format!("{}_sends_reads_back_and_meets_429_and_410_at_{vendor}", self.name);
        let (installed, run) = (self.installed.clone(), self.run);
        let missing = !installed.exists();
        let required = std::env::var_os("PUSH_SERVICE_REQUIRE_SENDERS").is_some();
        let test = move || match missing {
            true => Err(Failed::from(format!("{} is not there; .ci/run installs it", installed.display()))),
            false => run(&installed, &Service::start(), vendor),
        };
        Trial::test(name, test).with_ignored_flag(missing && !required)
    }
}

/// The program, ended and reaped on drop.
struct Service {
    program: Child,
    /// The variables that it prints.
    variables: HashMap<String, String>,
}

impl Service {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_push-service"));
        let mut program = command.args(["--port", "0", "--env"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
        let variables = lines.by_ref().take_while(|line| !line.starts_with("# or")).filter_map(|line| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        let variables = variables.collect();
        // Read on, so that the program can write.
        std::thread::spawn(move || lines.for_each(drop));
        Self { program, variables }
    }

    fn origin(&self) -> &str {
        &self.variables["HTTPS_PROXY"]
    }

    fn run(&self, command: &mut Command) -> Output {
        command.env_remove("https_proxy").envs(&self.variables).stdin(Stdio::null()).output().unwrap()
    }

    /// The answer's body, of the control interface.
    fn call(&self, method: &str, path: &str, body: &str) -> String {
        let host = self.origin().strip_prefix("http://").unwrap();
        let mut tcp = TcpStream::connect(host).unwrap();
        let kind = "Content-Type: application/json\r\nConnection: close";
        let length = body.len();
        write!(tcp, "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 20"), "{answer}");
        body.to_owned()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Killed, it would leave its folder in the system's temp folder.
        kill(Pid::from_raw(i32::try_from(self.program.id()).unwrap()), Signal::SIGTERM).unwrap();
        self.program.wait().unwrap();
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/senders").join(name)
}

fn expect_steps(output: &Output) -> Result<(), Failed> {
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    if output.status.success() && stdout == STEPS { Ok(()) } else { Err(Failed::from(format!("{stdout}{stderr}"))) }
}

fn npm_web_push(installed: &Path, service: &Service, vendor: &str) -> Result<(), Failed> {
    let modules = installed.parent().unwrap();
    let mut node = Command::new("node");
    node.arg(script("web_push.js")).args([service.origin(), vendor]).env("NODE_PATH", modules);
    expect_steps(&service.run(&mut node))
}

fn pywebpush(installed: &Path, service: &Service, vendor: &str) -> Result<(), Failed> {
    let mut python = Command::new(installed);
    python.arg(script("pywebpush_sender.py")).args([service.origin(), vendor]);
    expect_steps(&service.run(&mut python))
}

/// The crate does not tell all statuses apart, so its program prints what it can tell.
fn rust_web_push(installed: &Path, service: &Service, vendor: &str) -> Result<(), Failed> {
    let (private, public) = key_pair();
    let subscribe = format!(r#"{{"vendor":"{vendor}","applicationServerKey":"{public}"}}"#);
    let subscription = service.call("POST", "/control/subscriptions", &subscribe);
    let tail = &subscription[..subscription.find("\",\"expirationTime").unwrap()];
    let tail = &tail[tail.len() - 8..];
    let send = || {
        let output = service.run(Command::new(installed).args([&subscription, &private]));
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().to_owned()
    };
    let sent = send();
    let read = service.call("GET", &format!("/control/messages?subscription={tail}&wait=5"), "");
    service.call("POST", "/control/answers", &format!(r#"{{"subscription":"{tail}","status":429,"retry_after":7}}"#));
    let busy = send();
    service.call("DELETE", &format!("/control/subscriptions?subscription={tail}"), "");
    let gone = send();
    let steps = [sent.as_str(), busy.as_str(), gone.as_str()];
    let read_back = read.contains(r#""payload":"hello""#);
    if steps == ["201", "429", "410"] && read_back { Ok(()) } else { Err(Failed::from(format!("{steps:?} {read}"))) }
}

fn key_pair() -> (String, String) {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use p256::elliptic_curve::sec1::ToSec1Point;
    let private = push_service::decryption::random::<32>();
    let public = p256::SecretKey::from_slice(&private).unwrap().public_key().to_sec1_point(false);
    (Base64UrlUnpadded::encode_string(&private), Base64UrlUnpadded::encode_string(public.as_bytes()))
}
