//! What the page says when the server fails, does not answer or has nobody stored.

use std::fs;

use crate::browser::Tab;
use crate::browser::chromium::Chromium;
use crate::fixtures::{ChromiumInstalled, InChromium};
use crate::harness::tests;
use crate::page::Page;
use crate::server::Server;

tests![
    a_server_that_fails_is_quoted,
    an_answer_that_is_not_json_leaves_the_page_alive,
    the_page_says_once_that_the_server_does_not_answer,
    notify_all_is_off_with_nobody_stored_and_says_so_when_the_last_one_went,
];

fn a_server_that_fails_is_quoted(_: &mut ChromiumInstalled) {
    let server = Server::start();
    fs::create_dir(server.file("subscription.txt")).unwrap();
    let mut chromium = Chromium::start();
    chromium.open(&server.http);
    chromium.wait_to_read_start("server-line", "Cannot read ");
    assert_eq!(chromium.read("stored"), "unknown");
    assert_eq!(chromium.read("newest"), "unknown");
}

fn an_answer_that_is_not_json_leaves_the_page_alive(InChromium { chromium, server }: &mut InChromium) {
    let change = "const send = fetch;
        globalThis.fetch = (path, options) => path === '/status' ? Promise.resolve(new Response('<h1>Log in</h1>')) : send(path, options);";
    chromium.open_after(change, &server.http);
    chromium.wait_to_read_start("server-line", "That failed: ");
    chromium.press("register");
    chromium.wait_to_read("registration-status-message", &format!("Registered for the scope {}/", server.http));
    chromium.expect_a_quiet_console();
}

fn the_page_says_once_that_the_server_does_not_answer(InChromium { chromium, server }: &mut InChromium) {
    server.store_somebody();
    // Opened again, so that no request is in flight when the server ends.
    chromium.open(&server.http);
    chromium.wait_to_read("server-line", "Server 0.1.0 · 1 subscription stored");
    server.stop();
    chromium.press("notify-all");
    chromium.wait_for("document.getElementById('help-server').checkVisibility()");
    assert_eq!(chromium.help(), "help-server");
    assert_eq!(chromium.read("help-server-title"), "The server does not answer");
    let statuses = ["server-line", "notification-status-message", "notification-problem"];
    assert_eq!(statuses.map(|id| chromium.read(id)), ["", "", ""]);
    server.start_again();
    chromium.press("retry");
    chromium.wait_to_read("server-line", "Server 0.1.0 · 1 subscription stored");
    assert_eq!(chromium.help(), "");
}

fn notify_all_is_off_with_nobody_stored_and_says_so_when_the_last_one_went(
    InChromium { chromium, server }: &mut InChromium,
) {
    chromium.open(&server.http);
    chromium.wait_to_read("server-line", "Server 0.1.0 · 0 subscriptions stored");
    assert_eq!(chromium.buttons(), "register");
    server.store_somebody();
    chromium.value("dispatchEvent(new Event('focus'))");
    chromium.wait_to_read("server-line", "Server 0.1.0 · 1 subscription stored");
    assert_eq!(chromium.buttons(), "register notify-all");
    fs::remove_file(server.file("subscription.txt")).unwrap();
    chromium.press("notify-all");
    chromium.wait_to_read(
        "notification-status-message",
        "Nobody has subscribed yet: subscribe a browser first, then notify all.",
    );
    chromium.wait_to_read("server-line", "Server 0.1.0 · 0 subscriptions stored");
    assert_eq!(chromium.buttons(), "register");
}
