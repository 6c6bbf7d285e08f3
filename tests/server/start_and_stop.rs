//! The server's start and end: what it makes, prints, refuses before a socket is open, and that it ends cleanly.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;

use crate::support::client::Client;
use crate::support::program::{Finished, LIMIT, Program, server};
use push_service_fixture::{PushService, answer};
use serde_json::json;

/// A server that must fail, with its folder's name taken out of what it says.
fn refused(folder: &Path, arguments: &[&str]) -> Finished {
    let mut finished = server(folder).args(arguments).run();
    finished.stderr = finished.stderr.replace(&folder.display().to_string(), "DIR");
    finished
}

#[test]
fn a_fresh_folder_gets_keys_and_both_listeners_serve_the_page() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).spawn();
    let (https, http) = (server.url("https"), server.url("http"));
    for file in ["vapid_private.pem", "tls_key.pem", "tls_cert.pem"] {
        let mode = fs::metadata(folder.path().join("keys").join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let trusted = Client::trusting(&https, &folder.path().join("keys/tls_cert.pem"));
    let page = trusted.get("/").text;
    assert!(page.starts_with("<!doctype html>"));
    assert_eq!(Client::new(&http).get("/").text, page);
    let status = trusted.get("/status").json();
    assert_eq!((status["https"].as_str(), status["http"].as_str()), (Some(&*https), Some(&*http)));
    assert_eq!(status["notify"], "cargo run --bin notify \"message\"");
    assert_eq!(status["stored"], 0);
}

#[test]
fn the_start_up_text_names_the_http_url_first_and_where_everything_is() {
    let folder = tempfile::tempdir().unwrap();
    let server_in_folder = || server(folder.path());
    let server = server_in_folder().spawn();
    let (http, https) = (server.url("http"), server.url("https"));
    server.terminate();
    assert_eq!(
        server.wait().stdout.replace(&https, "HTTPS").replace(&http, "HTTP"),
        "barepush 0.1.0\n  \
           HTTP   open this in any desktop browser\n  \
           HTTPS  browsers warn about its certificate: see docs/troubleshooting.md\n\
         made a VAPID key: keep it, every subscription is bound to it\n\
         made a certificate: keys/tls_cert.pem\n\
         keys are in keys/, subscriptions in subscription.txt\n\
         nobody has subscribed yet\n"
    );
    let service = PushService::start();
    service.expect_no_calls();
    for stored in ["1 subscription is stored", "2 subscriptions are stored"] {
        let mut list = fs::OpenOptions::new().append(true).create(true).open(folder.path().join("subscription.txt"));
        writeln!(list.as_mut().unwrap(), "{}", service.subscribe(None).json).unwrap();
        let own = ["--no-http", "--tls-cert", "keys/tls_cert.pem", "--tls-key", "keys/tls_key.pem"];
        let server = server_in_folder().args(own).spawn();
        let https = server.url("https");
        server.terminate();
        assert_eq!(
            server.wait().stdout.replace(&https, "HTTPS"),
            format!(
                "barepush 0.1.0\n  HTTPS  with the certificate of --tls-cert\n\
                 keys are in keys/, subscriptions in subscription.txt\n{stored}\n"
            )
        );
    }
}

#[test]
fn the_urls_name_what_is_bound() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, host) in [
        (&["--host", "127.0.0.2"][..], "127.0.0.2"),
        (&["--host", "127.0.0.2", "--name", "laptop.example"], "laptop.example"),
        (&["--host", "127.0.0.1", "--name", "laptop.example"], "localhost"),
        (&["--host", "::1"], "localhost"),
        (&["--host", "[::1]"], "localhost"),
        (&["--host", "0.0.0.0"], "localhost"),
    ] {
        let https = server(folder.path()).args(arguments).spawn().url("https");
        assert_eq!(https.rsplit_once(':').unwrap().0, format!("https://{host}"), "{arguments:?}");
    }
}

#[test]
fn an_address_of_ones_own_is_in_the_certificate_the_host_rule_and_the_hints() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).args(["--host", "127.0.0.2"]).spawn();
    let https = server.url("https");
    let client = Client::trusting(&https, &folder.path().join("keys/tls_cert.pem"));
    assert_eq!(client.get("/status").json()["https"], json!(https));
    let refused = client.send("GET", "/status", &[("host", "evil.example")], "");
    let hint = format!("open {https}; for another name start the server with --name NAME");
    assert_eq!((refused.status, &refused.json()["hint"]), (403, &json!(hint)));
}

/// A network namespace with no address but `::1` stands for a machine without IPv4.
#[test]
#[ignore = "needs the unshare and ip commands"]
fn a_machine_without_ipv4_is_served_on_the_ipv6_loopback() {
    let folder = tempfile::tempdir().unwrap();
    let script = "ip link set lo up && ip address del 127.0.0.1/8 dev lo && exec \"$0\" --port 0 --http-port 0";
    let arguments = ["-rn", "sh", "-c", script, env!("CARGO_BIN_EXE_server")];
    let server = Program::new("unshare", folder.path()).args(arguments).spawn();
    for scheme in ["http", "https"] {
        assert!(server.url(scheme).starts_with(&format!("{scheme}://localhost:")));
    }
    server.terminate();
    assert_eq!(server.wait().code, Some(0));
}

#[test]
fn what_is_printed_for_a_shell_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("it's my data");
    let server = server(folder.path()).arg("--data-dir").arg(&data).spawn();
    let status = Client::new(&server.url("http")).get("/status").json();
    let notify = status["notify"].as_str().unwrap();
    let quoted = notify.strip_prefix("cargo run --bin notify -- --data-dir ").unwrap();
    let quoted = quoted.strip_suffix(" \"message\"").unwrap();
    let certutil = status["certificate"]["certutil"].as_str().unwrap();
    let certificate = certutil.strip_prefix("certutil -d sql:$HOME/.pki/nssdb -A -t CP,, -n barepush -i ").unwrap();
    let script = format!("printf '%s\\n' {quoted} {certificate}");
    let unquoted = Program::new("sh", folder.path()).args(["-c", &script]).run().stdout;
    assert_eq!(unquoted, format!("{0}\n{0}/keys/tls_cert.pem\n", data.display()));
}

#[test]
fn a_folder_whose_name_is_not_utf_8_serves() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    let server = server(folder.path()).arg("--data-dir").arg(&data).spawn();
    let client = Client::new(&server.url("http"));
    assert_eq!(client.get("/status").json()["stored"], 0);
    assert!(data.join("keys/vapid_private.pem").exists());
}

#[test]
fn a_second_start_keeps_key_and_certificate_and_prints_less() {
    let folder = tempfile::tempdir().unwrap();
    let start_up = || {
        let server = server(folder.path()).arg("--no-http").spawn();
        let key =
            Client::trusting(&server.url("https"), &folder.path().join("keys/tls_cert.pem")).get("/vapid-public-key");
        server.line(|line| line == "nobody has subscribed yet");
        server.terminate();
        let ended = server.wait();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        (key.text, ended.stdout.lines().count())
    };
    let (first, second) = (start_up(), start_up());
    assert_eq!(first.0, second.0);
    assert_eq!((first.1, second.1), (6, 4));
}

#[test]
fn the_socket_to_tiny_http_is_gone_before_the_first_request() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).spawn();
    let client = Client::new(&server.url("http"));
    let left = || fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    assert_eq!(left(), ["keys"]);
    assert_eq!(client.get("/").status, 200);
    server.terminate();
    assert_eq!(server.wait().code, Some(0));
    assert_eq!(left(), ["keys"]);
}

#[test]
fn ctrl_c_and_sigterm_end_it_cleanly() {
    for signal in ["INT", "TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let server = server(folder.path()).arg("-q").spawn();
        assert_eq!(Client::new(&server.url("http")).get("/").status, 200);
        if signal == "INT" {
            server.interrupt()
        } else {
            server.terminate()
        }
        let ended = server.wait();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{signal}");
    }
}

#[test]
fn a_closed_terminal_ends_it_cleanly_unless_the_signal_was_ignored_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let running = server(folder.path()).arg("-q").spawn();
    running.url("http");
    running.hang_up();
    assert_eq!(running.wait().code, Some(0));

    // What nohup does, and a shell to what it starts in the background.
    let script = "trap '' HUP INT; exec \"$0\" -q --port 0 --http-port 0";
    let running = Program::new("sh", folder.path()).args(["-c", script, env!("CARGO_BIN_EXE_server")]).spawn();
    let page = Client::new(&running.url("http"));
    running.hang_up();
    running.interrupt();
    assert_eq!(page.get("/").status, 200);
    running.terminate();
    assert_eq!(running.wait().code, Some(0));
}

#[test]
fn sigterm_during_the_first_push_still_answers_the_page_that_subscribed() {
    let folder = tempfile::tempdir().unwrap();
    let service = PushService::start();
    service.answer_always(answer::hang_after(""));
    let running = server(folder.path()).args(["-q", "--allow-push-service", service.origin()]).spawn();
    let page = Client::new(&running.url("http"));
    let browser = service.subscribe(None);
    let answered = std::thread::scope(|scope| {
        let asking = scope.spawn(|| page.post("/add-subscription", &browser.json));
        service.wait_for(1, LIMIT);
        running.terminate();
        asking.join().unwrap()
    });
    let expected = json!({
        "error": "the server was stopped before it had an answer",
        "hint": "start it again; what you asked for may have been done already",
    });
    assert_eq!((answered.status, answered.json()), (503, expected));
    assert_eq!(running.wait().code, Some(0));
    assert_eq!(fs::read_to_string(folder.path().join("subscription.txt")).unwrap().lines().count(), 1);
}

#[test]
fn a_port_in_use_is_refused_before_the_other_socket_stays_open() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for flag in ["--port", "--http-port"] {
        let other = if flag == "--port" { "--http-port" } else { "--port" };
        let server = Program::new(env!("CARGO_BIN_EXE_server"), folder.path());
        server.args([flag, &port, other, "0"]).run().is(
            1,
            "",
            &format!(
                "server: error: cannot listen on '127.0.0.1:{port}': Address already in use (os error 98)\n\
                 server: hint: end the program that listens there, or choose another port (0 lets the system choose)\n"
            ),
        );
    }
}

#[test]
fn a_file_that_is_not_a_key_or_cannot_be_read_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("keys/vapid_private.pem");
    fs::create_dir_all(folder.path().join("keys")).unwrap();
    fs::write(&key, "garbage").unwrap();
    refused(folder.path(), &[]).is(
        1,
        "",
        "server: error: keys/vapid_private.pem is not a VAPID key: neither PEM nor 32 bytes of base64url\n\
         server: hint: give PKCS#8 or SEC1 PEM, or the 32 bytes in base64url; or move the file away: \
         the server then makes a new key, and every browser has to subscribe again\n",
    );
    assert_eq!(fs::read_to_string(&key).unwrap(), "garbage");
    fs::remove_file(&key).unwrap();
    fs::create_dir(&key).unwrap();
    refused(folder.path(), &[]).is(
        1,
        "",
        "server: error: cannot read the VAPID key keys/vapid_private.pem: Is a directory (os error 21)\n\
         server: hint: check who may read keys/vapid_private.pem\n",
    );
}

#[test]
fn half_a_certificate_of_ones_own_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let finished = refused(folder.path(), &["--tls-cert", "cert.pem"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("--tls-key <FILE>"), "{}", finished.stderr);
    refused(folder.path(), &["--tls-cert", "cert.pem", "--tls-key", "key.pem"]).is(
        1,
        "",
        "server: error: cannot read cert.pem: No such file or directory (os error 2)\n\
         server: hint: check that the file exists and that this user may read it\n",
    );
}

#[test]
fn ones_own_certificate_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&cert, own.cert.pem()).unwrap();
    fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let server = server(folder.path()).args(["--tls-cert", "cert.pem", "--tls-key", "key.pem"]).spawn();
    assert_eq!(Client::trusting(&server.url("https"), &cert).get("/").status, 200);
    assert!(!folder.path().join("keys/tls_cert.pem").exists());
}

#[test]
fn wrong_arguments_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, code) in [
        (&["--subject", "me@example.com"][..], 2),
        (&["--port", "65536"], 2),
        (&["--allow-push-service", "http://push.example.net"], 2),
        (&["--allow-push-service", "https://push.example.net/path"], 2),
        (&["-v", "-q"], 2),
        (&["--host", "no.such.host.invalid"], 1),
        (&["--name", "not a name"], 1),
    ] {
        let finished = refused(folder.path(), arguments);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(code), ""), "{arguments:?} {}", finished.stderr);
    }
}

#[test]
fn a_push_service_without_its_scheme_is_answered_with_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let finished = refused(folder.path(), &["--allow-push-service", "localhost:8082"]);
    let expected =
        "error: invalid value 'localhost:8082' for '--allow-push-service <ORIGIN>': write http://localhost:8082\n";
    assert!(finished.stderr.starts_with(expected), "{}", finished.stderr);
}

#[test]
fn an_encrypted_key_of_ones_own_is_called_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.path().join("cert.pem"), own.cert.pem()).unwrap();
    let key = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIH0MF8GCSqGSIb3DQEFDTBS\n-----END ENCRYPTED PRIVATE KEY-----\n";
    fs::write(folder.path().join("key.pem"), key).unwrap();
    refused(folder.path(), &["-q", "--tls-cert", "cert.pem", "--tls-key", "key.pem"]).is(
        1,
        "",
        "server: error: the key key.pem is encrypted with a passphrase\n\
         server: hint: decrypt it with openssl pkey -in KEY -out PLAIN_KEY, and give --tls-key PLAIN_KEY\n",
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    refused(folder.path(), &["--data-dir", "file"]).is(
        1,
        "",
        "server: error: cannot write the VAPID key file/keys/vapid_private.pem: Not a directory (os error 20)\n\
         server: hint: check that the disk has room and who may write file/keys/vapid_private.pem\n",
    );
}

#[test]
fn a_full_disk_is_reported_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let service = PushService::start();
    service.expect_no_calls();
    drop(server(folder.path()).spawn().url("https")); // makes the keys
    fs::write(folder.path().join("subscription.txt"), service.subscribe(None).json + "\n").unwrap();
    let before = fs::read(folder.path().join("subscription.txt")).unwrap();
    // No file may grow by a byte: what a full disk does, with another number.
    let limited = "trap '' XFSZ; ulimit -f 0; exec \"$0\" --port 0 --http-port 0 --allow-push-service \"$1\"";
    let server =
        Program::new("sh", folder.path()).args(["-c", limited, env!("CARGO_BIN_EXE_server"), service.origin()]).spawn();
    let page = Client::new(&server.url("http"));
    let got = page.post("/add-subscription", &service.subscribe(None).json);
    let expected = json!({
        "error": "cannot write subscription.txt: File too large (os error 27)",
        "hint": "check that the disk has room and who may write to the folder; nothing was lost",
    });
    assert_eq!((got.status, got.json()), (500, expected));
    assert_eq!(fs::read(folder.path().join("subscription.txt")).unwrap(), before);
    let left = fs::read_dir(folder.path())
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with(".barepush-"));
    assert_eq!(left.count(), 0, "a temp file was left behind");
}
