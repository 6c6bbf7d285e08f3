//! What a phone needs, as far as it can be tested without one (docs/phone.md): the page under another name, with a
//! certificate by an authority that the browser trusts (mkcert), and behind nginx as the tunnel that ends TLS.
//! Both browsers resolve `barepush.test` to loopback.

use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::chromium::Chromium;
use crate::browser::firefox::{Answer, Firefox};
use crate::browser::{NGINX, Tab};
use crate::fixtures::{CertutilInstalled, ChromiumInstalled, FirefoxInstalled, NginxInstalled, WELCOME};
use crate::harness::tests;
use crate::page::Page;
use crate::server::Server;
use crate::support::client::Client;
use crate::support::program::LIMIT;
use push_service_fixture::PushService;

tests![
    under_another_name_with_a_trusted_certificate_firefox_does_the_whole_loop,
    behind_a_tunnel_that_ends_tls_firefox_does_the_whole_loop,
    under_another_name_with_a_trusted_certificate_chromium_does_the_whole_loop,
    behind_a_tunnel_that_ends_tls_chromium_does_the_whole_loop,
    behind_a_tunnel_only_its_own_name_and_origin_are_served,
];

const NAME: &str = "barepush.test";

/// The files that mkcert makes: an authority, and a certificate for [`NAME`] and localhost by it.
struct Mkcert {
    folder: TempDir,
}

impl Mkcert {
    fn make() -> Self {
        let mut root = CertificateParams::new(Vec::new()).unwrap();
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        root.distinguished_name.push(DnType::CommonName, "test authority");
        let root_key = KeyPair::generate().unwrap();
        let root_pem = root.self_signed(&root_key).unwrap().pem();
        let names = [NAME, "localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut leaf = CertificateParams::new(names).unwrap();
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf_key = KeyPair::generate().unwrap();
        let certificate = leaf.signed_by(&leaf_key, &Issuer::new(root, root_key)).unwrap();

        let made = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(made.root(), root_pem).unwrap();
        fs::write(made.cert(), certificate.pem()).unwrap();
        fs::write(made.key(), leaf_key.serialize_pem()).unwrap();
        made
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("rootCA.pem")
    }

    fn cert(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// The server as docs/phone.md starts it for a phone on the local network, but on loopback.
    fn server(&self, push_service: &PushService) -> Server {
        let (cert, key) = (self.cert(), self.key());
        let arguments = ["--name", NAME, "--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
        Server::start_behind(push_service, &arguments)
    }
}

/// Ends nginx, and the workers it started, when our end of its standard input closes, however the test ends.
const NGINX_UNTIL_STDIN_ENDS: &str = r#"NGINX="1;" "$@" </dev/null & read -r _; kill $!; wait $!; kill -KILL 0"#;

/// nginx as a tunnel: https under [`NAME`] in front, the server's http listener behind. Dropped, it ends.
struct Tunnel {
    url: String,
    nginx: Child,
    folder: TempDir,
}

impl Tunnel {
    fn start(mkcert: &Mkcert, to: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|kind| format!("{kind}_temp_path {kind};"));
        let config = format!(
            "daemon off; pid nginx.pid; error_log nginx.log;
            events {{}}
            http {{
                access_log off; proxy_max_temp_file_size 0; {}
                server {{
                    listen 127.0.0.1:{port} ssl;
                    ssl_certificate {}; ssl_certificate_key {};
                    location / {{ proxy_pass {}; proxy_set_header Host $http_host; }}
                }}
            }}",
            temporary.join(" "),
            mkcert.cert().display(),
            mkcert.key().display(),
            to.replace("localhost", "127.0.0.1"),
        );
        fs::write(folder.path().join("nginx.conf"), config).unwrap();
        // nginx takes no port 0. The socket that is its stdout is one that it inherits, as in an upgrade of its binary.
        let nginx = Command::new("/bin/sh")
            .args(["-c", NGINX_UNTIL_STDIN_ENDS, "tunnel"])
            .arg(NGINX.path().unwrap())
            .args(["-e", "nginx.log", "-c", "nginx.conf", "-p"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::from(OwnedFd::from(listener)))
            .process_group(0)
            .spawn()
            .unwrap();
        Self { url: format!("https://{NAME}:{port}"), nginx, folder }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        drop(self.nginx.stdin.take());
        let _ = self.nginx.wait();
        if std::thread::panicking() {
            println!("{}", fs::read_to_string(self.folder.path().join("nginx.log")).unwrap_or_default());
        }
    }
}

fn firefox_with(push_service: &PushService, root: &Path) -> Firefox {
    Firefox::start(&push_service.origin().replace("http://", "ws://"), Some(root))
}

/// Opens the page at `url` in Firefox, subscribes, sees the first notification, and closes it.
fn subscribe(firefox: &mut Firefox, url: &str) {
    firefox.open(url);
    firefox.press("register");
    firefox.wait_to_read("registration-status-message", &format!("Registered for the scope {url}/"));
    firefox.press("subscribe");
    firefox.answer_prompt(Answer::Allow);
    firefox.wait_for_alert(WELCOME.0, WELCOME.1);
    firefox.wait_to_read("notification-status-message", "Ready to push.");
    firefox.click_alert(WELCOME.0, WELCOME.1);
}

fn stored(server: &Server) -> usize {
    fs::read_to_string(server.file("subscription.txt")).unwrap().lines().count()
}

/// From the click to the notification at `url`, then the same browser's subscription at `http://localhost` beside it.
fn main_loop(firefox: &mut Firefox, server: &Server, push_service: &PushService, url: &str) {
    subscribe(firefox, url);
    assert_eq!(firefox.read("notify-command"), "cargo run --bin notify \"message\"");
    assert_eq!(firefox.help(), "");
    let notified = server.notify("message");
    assert_eq!((notified.code, notified.stderr.as_str()), (Some(0), ""));
    firefox.close_alert("barepush", "message");
    firefox.fill("message-title", "From the page");
    firefox.fill("message-body", "by its button");
    firefox.press("notify-me");
    firefox.close_alert("From the page", "by its button");

    // One browser, two origins: two subscriptions, and both are pushed to.
    subscribe(firefox, &server.http);
    assert_eq!(stored(server), 2);
    push_service.wait_for(4, LIMIT);
    firefox.press("notify-all");
    push_service.wait_for(6, LIMIT);

    firefox.open(url);
    firefox.press("unsubscribe");
    firefox.wait_to_read("subscription-status-message", "Ready to subscribe.");
    assert_eq!(stored(server), 1);
    firefox.expect_a_quiet_console();
}

fn under_another_name_with_a_trusted_certificate_firefox_does_the_whole_loop(
    _: &mut (FirefoxInstalled, CertutilInstalled),
) {
    let (mkcert, push_service) = (Mkcert::make(), PushService::start());
    let server = mkcert.server(&push_service);
    let mut firefox = firefox_with(&push_service, &mkcert.root());
    let url = server.https.replace("localhost", NAME);
    main_loop(&mut firefox, &server, &push_service, &url);
}

fn behind_a_tunnel_that_ends_tls_firefox_does_the_whole_loop(
    _: &mut (FirefoxInstalled, (CertutilInstalled, NginxInstalled)),
) {
    let (mkcert, push_service) = (Mkcert::make(), PushService::start());
    let server = Server::start_behind(&push_service, &["--name", NAME]);
    let tunnel = Tunnel::start(&mkcert, &server.http);
    let mut firefox = firefox_with(&push_service, &mkcert.root());
    main_loop(&mut firefox, &server, &push_service, &tunnel.url);
}

/// From the click to the notification at `url` in Chromium.
fn chromium_loop(mkcert: &Mkcert, server: &Server, push_service: &PushService, url: &str) {
    let message_channel = push_service.open_message_channel();
    let mut chromium = Chromium::start_subscribing(&message_channel.switches(), Some(&mkcert.root()));
    chromium.choose_in_settings(url, "allow");
    chromium.open(url);
    chromium.press("register");
    chromium.wait_to_read("registration-status-message", &format!("Registered for the scope {url}/"));
    chromium.press("subscribe");
    chromium.wait_to_read("notification-status-message", "Ready to push.");
    chromium.wait_for_push();
    assert_eq!(chromium.help(), "");
    assert_eq!(stored(server), 1);
    let notified = server.notify("message");
    assert_eq!((notified.code, notified.stderr.as_str()), (Some(0), ""));
    chromium.wait_for_push();
    let shown = chromium.notifications();
    assert!(shown.as_array().unwrap().contains(&json!("barepush: message")), "{shown}");
    chromium.press("unsubscribe");
    chromium.wait_to_read("subscription-status-message", "Ready to subscribe.");
    assert_eq!(stored(server), 0);
    chromium.expect_a_quiet_console();
}

fn under_another_name_with_a_trusted_certificate_chromium_does_the_whole_loop(
    _: &mut (ChromiumInstalled, CertutilInstalled),
) {
    let (mkcert, push_service) = (Mkcert::make(), PushService::start());
    let server = mkcert.server(&push_service);
    let url = server.https.replace("localhost", NAME);
    chromium_loop(&mkcert, &server, &push_service, &url);
}

fn behind_a_tunnel_that_ends_tls_chromium_does_the_whole_loop(
    _: &mut (ChromiumInstalled, (CertutilInstalled, NginxInstalled)),
) {
    let (mkcert, push_service) = (Mkcert::make(), PushService::start());
    let server = Server::start_behind(&push_service, &["--name", NAME]);
    let tunnel = Tunnel::start(&mkcert, &server.http);
    chromium_loop(&mkcert, &server, &push_service, &tunnel.url);
}

fn behind_a_tunnel_only_its_own_name_and_origin_are_served(_: &mut NginxInstalled) {
    let mkcert = Mkcert::make();
    let server = Server::start_with(&["--name", NAME]);
    let tunnel = Tunnel::start(&mkcert, &server.http);
    let through = Client::trusting(&tunnel.url.replace(NAME, "localhost"), &mkcert.root());
    let post = |host: &str, origin: &str| -> (u16, Value) {
        let headers = [("host", host), ("origin", origin), ("content-type", "application/json")];
        let got = through.send("POST", "/notify-all", &headers, "{}");
        (got.status, got.json()["error"].clone())
    };
    // An accepted request is answered that nobody is stored.
    let let_in = (409, json!("nobody has subscribed yet"));
    assert_eq!(post(NAME, &format!("https://{NAME}")), let_in);
    assert_eq!(post(&format!("{NAME}:8443"), &tunnel.url), let_in);
    let refused = post(NAME, "https://example.com");
    assert_eq!(refused.0, 403, "{}", refused.1);
    let refused = post("example.com", "https://example.com");
    assert_eq!(refused.0, 403, "{}", refused.1);
}
