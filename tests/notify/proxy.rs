//! A proxy between `notify` and the push service: what its variables may say, and whose failure is reported.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use crate::support::program::Program;
use crate::support::sender::Sender;

/// A sender whose one subscription is at a push service that only a proxy could reach.
fn sender() -> Sender {
    let (sender, [browser]) = Sender::with();
    sender.service.expect_no_calls();
    let json = browser.json.replace(sender.service.origin(), "https://push.example");
    sender.write("subscription.txt", json.as_bytes());
    sender
}

/// The origin of a port that nothing listens on.
fn nothing_there() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// The origin of a proxy that answers one request with `answer`.
fn proxy(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let lines: Vec<_> =
            BufReader::new(&client).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        assert_eq!(lines[0], "CONNECT push.example:443 HTTP/1.1");
        client.write_all(answer.as_bytes()).unwrap();
    });
    origin
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused_by_its_variable_and_never_shown() {
    let sender = sender();
    for (variable, value, why) in [
        ("HTTPS_PROXY", "socks5://me:secret@localhost:1080", "SOCKS is not supported"),
        ("all_proxy", "socks4a://localhost", "SOCKS is not supported"),
        ("https_proxy", "http://", "it is not a URL of the form http://host:port"),
        ("HTTP_PROXY", "secret garbage", "it is not a URL of the form http://host:port"),
        ("ALL_PROXY", "ftp://localhost", "it is not a URL of the form http://host:port"),
    ] {
        let error = format!("error: cannot use the proxy in {variable}: {why}\n");
        let hint = format!("hint: set {variable} to http://host:port, or unset it\n");
        for arguments in [&[][..], &["--all"]] {
            let refused = sender.notify().args(arguments).env(variable, value).run();
            refused.is(1, "", &format!("notify: {error}notify: {hint}"));
        }
        let server = crate::support::program::server(sender.folder()).env(variable, value).run();
        server.is(1, "", &format!("server: {error}server: {hint}"));
    }
}

#[test]
fn the_first_variable_that_is_set_counts_and_an_empty_one_is_not_set() {
    let sender = sender();
    let (dead, unusable) = (nothing_there(), "socks5://localhost");
    let asked = |program: Program| program.args(["--no-retry", "-q"]).run().stderr;
    let dead_first = asked(sender.notify().env("HTTPS_PROXY", &dead).env("HTTP_PROXY", unusable).env("ALL_PROXY", ""));
    assert!(
        dead_first.starts_with("notify: error: cannot reach push.example: the proxy in HTTPS_PROXY "),
        "{dead_first}"
    );
    let unusable_first = asked(sender.notify().env("HTTPS_PROXY", &dead).env("ALL_PROXY", unusable));
    assert!(unusable_first.starts_with("notify: error: cannot use the proxy in ALL_PROXY"), "{unusable_first}");
}

#[test]
fn a_proxy_that_is_not_there_is_reported_as_the_proxy_not_as_the_push_service() {
    let sender = sender();
    sender.notify().arg("--no-retry").env("HTTPS_PROXY", nothing_there()).run().is(
        6,
        "",
        "notify: error: cannot reach push.example: the proxy in HTTPS_PROXY does not work: connection refused\n\
         notify: hint: check the host and port in HTTPS_PROXY and that the proxy runs, or unset HTTPS_PROXY\n",
    );
    sender.notify().arg("--no-retry").env("ALL_PROXY", proxy("")).run().is(
        6,
        "",
        "notify: error: cannot reach push.example: the proxy in ALL_PROXY does not work: it closed the connection\n\
         notify: hint: check the host and port in ALL_PROXY and that the proxy runs, or unset ALL_PROXY\n",
    );
}

#[test]
fn a_proxy_that_refuses_is_reported_with_its_status_and_not_asked_again() {
    let sender = sender();
    let refusing = proxy("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    sender.notify().env("HTTPS_PROXY", refusing).run().is(
        6,
        "",
        "notify: error: cannot reach push.example: the proxy in HTTPS_PROXY answered 407 Proxy Authentication Required\n\
         notify: hint: give a name and a password in HTTPS_PROXY: http://name:password@host:port\n",
    );
    let refusing = proxy("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    sender.notify().env("HTTPS_PROXY", refusing).run().is(
        6,
        "",
        "notify: error: cannot reach push.example: the proxy in HTTPS_PROXY answered 403 Forbidden\n\
         notify: hint: ask who runs the proxy to allow this push service, or unset HTTPS_PROXY\n",
    );
}

#[test]
fn a_push_service_on_this_machine_is_reached_without_the_proxy() {
    let (sender, [_]) = Sender::with();
    let sent = sender.notify().arg("-q").env("ALL_PROXY", nothing_there()).run();
    sent.is(0, "", "");
    assert_eq!(sender.service.received().len(), 1);
}
