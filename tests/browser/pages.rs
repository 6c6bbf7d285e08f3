//! Pages that are not ours, by `--www`: the codelab's and the article's, rebuilt in pages/, run whole in Firefox and Chromium.
//! And our own page, which still refuses what its policy forbids.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::browser::chromium::Chromium;
use crate::browser::firefox::{Answer, Firefox};
use crate::browser::{CHROMIUM, FIREFOX, Need, Tab};
use crate::fixtures::{InChromium, OnHttp, Stage, WELCOME};
use crate::harness::{Fixture, tests};
use crate::page::Page;
use crate::server::Server;
use push_service::google::MessageChannel;
use push_service_fixture::PushService;

tests![
    the_codelabs_page_runs_whole_in_firefox_and_in_chromium_beside_it,
    the_articles_page_runs_whole_in_firefox_and_in_chromium_beside_it,
    the_server_answers_the_articles_page_with_another_servers_key_what_to_do,
    our_own_page_refuses_inline_script_in_both_browsers,
];

/// What stands in a page where its key is to be pasted.
const PLACEHOLDER: &str = "PASTE THE PUBLIC KEY HERE";

/// A page that is not ours, open in two browsers that can both subscribe.
struct TwoBrowsers {
    firefox: Firefox,
    chromium: Chromium,
    server: Server,
    page: TempDir,
    push_service: PushService,
    _message_channel: MessageChannel,
}

impl TwoBrowsers {
    fn open(name: &str) -> Self {
        let page = tempfile::tempdir().unwrap();
        for file in fs::read_dir(folder(name)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), page.path().join(file.file_name())).unwrap();
        }
        let push_service = PushService::start();
        let message_channel = push_service.open_message_channel();
        let server = Server::start_behind(&push_service, &["--www", page.path().to_str().unwrap()]);
        let firefox = Firefox::start(&push_service.origin().replace("http://", "ws://"), None);
        let mut chromium = Chromium::start_subscribing(&message_channel.switches(), None);
        chromium.choose_in_settings(&server.http, "allow");
        Self { firefox, chromium, server, page, push_service, _message_channel: message_channel }
    }

    /// Pastes the server's key into a file of the page, as a student does; no restart is needed.
    fn paste_servers_key(&mut self, file: &str) {
        self.chromium.open(&self.server.http);
        let key = self.chromium.value("fetch('/vapid-public-key').then(answer => answer.text())");
        self.paste(key.as_str().unwrap(), file);
    }

    fn paste(&self, key: &str, file: &str) {
        let path = self.page.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(PLACEHOLDER), "{text}");
        fs::write(path, text.replace(PLACEHOLDER, key)).unwrap();
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/pages").join(name)
}

/// The codelab's page in two browsers.
struct Codelab(TwoBrowsers);

impl Fixture for Codelab {
    fn needs() -> Vec<&'static Need> {
        vec![&FIREFOX, &CHROMIUM]
    }

    fn open() -> Self {
        Self(TwoBrowsers::open("codelab"))
    }
}

/// The article's page in two browsers.
struct Article(TwoBrowsers);

impl Fixture for Article {
    fn needs() -> Vec<&'static Need> {
        vec![&FIREFOX, &CHROMIUM]
    }

    fn open() -> Self {
        Self(TwoBrowsers::open("article"))
    }
}

/// The message that the server makes up when a page sends none, as the codelab's worker shows it: without its body.
const MESSAGE: &str = "Hello, Notifications!";

fn the_codelabs_page_runs_whole_in_firefox_and_in_chromium_beside_it(Codelab(two): &mut Codelab) {
    two.paste_servers_key("index.js");
    let TwoBrowsers { firefox, chromium, server, .. } = two;
    firefox.open(&server.http);
    chromium.open(&server.http);
    register_by_the_codelabs_page(firefox, &server.http);
    register_by_the_codelabs_page(chromium, &server.http);

    firefox.press("subscribe");
    firefox.answer_prompt(Answer::Allow);
    firefox.wait_for_alert(WELCOME.0, "");
    firefox.wait_to_read_start("subscription-status-message", "Endpoint: http://localhost:");
    chromium.press("subscribe");
    chromium.wait_to_read_start("subscription-status-message", "Endpoint: https://");
    chromium.wait_for_push();
    assert_eq!(firefox.buttons(), "unregister unsubscribe notify-me notify-all");
    assert_eq!(chromium.buttons(), "unregister unsubscribe notify-me notify-all");

    firefox.press("notify-me");
    firefox.wait_to_read("notification-status-message", "Notify me: 200");
    firefox.wait_for_alert(MESSAGE, "");
    chromium.press("notify-all");
    chromium.wait_to_read("notification-status-message", "Notify all: 200");
    chromium.wait_for_push();
    assert!(chromium.notifications().as_array().unwrap().contains(&json!(format!("{MESSAGE}: "))));
    // The one by Notify me, and the one by Notify all.
    firefox.wait_for(
        "navigator.serviceWorker.ready.then(worker => worker.getNotifications()).then(all => all.length === 3)",
    );

    unsubscribe_by_the_codelabs_page(firefox);
    chromium.press("notify-all");
    chromium.wait_for_push();
    unsubscribe_by_the_codelabs_page(chromium);
    chromium.press("notify-all");
    chromium.wait_to_read("notification-status-message", "Nobody has subscribed yet");
    firefox.press("unregister");
    firefox.wait_to_read("registration-status-message", "Not registered");
    assert_eq!(firefox.buttons(), "register notify-all");
}

fn register_by_the_codelabs_page(tab: &mut impl Page, origin: &str) {
    tab.wait_to_read("registration-status-message", "Not registered");
    assert_eq!(tab.buttons(), "register notify-all");
    tab.press("register");
    tab.wait_to_read("registration-status-message", &format!("Scope: {origin}/"));
    assert_eq!(tab.buttons(), "unregister subscribe notify-all");
}

fn unsubscribe_by_the_codelabs_page(tab: &mut impl Page) {
    tab.press("unsubscribe");
    tab.wait_to_read("subscription-status-message", "Not subscribed");
    assert_eq!(tab.buttons(), "unregister subscribe notify-all");
}

fn the_articles_page_runs_whole_in_firefox_and_in_chromium_beside_it(Article(two): &mut Article) {
    two.paste_servers_key("index.html");
    let TwoBrowsers { firefox, chromium, server, .. } = two;
    firefox.open(&server.http);
    firefox.press("subscribe");
    firefox.answer_prompt(Answer::Allow);
    firefox.wait_for_alert(WELCOME.0, WELCOME.1);
    firefox.wait_to_read_start("status", "201 ");
    assert_eq!(server.notify("to the latest subscription").code, Some(0));
    firefox.wait_for_alert("barepush", "to the latest subscription");
    firefox.expect_a_quiet_console();

    chromium.open(&server.http);
    chromium.press("subscribe");
    chromium.wait_to_read_start("status", "201 ");
    chromium.wait_for_push();
    assert_eq!(server.notify("to the latest subscription").code, Some(0));
    chromium.wait_for_push();
    assert!(
        chromium.notifications().as_array().unwrap().contains(&json!("barepush: to the latest subscription")),
        "{}",
        chromium.notifications()
    );
    chromium.expect_a_quiet_console();

    assert_eq!(server.notify_with(&["--all", "to everybody"]).code, Some(0));
    firefox.wait_for_alert("barepush", "to everybody");
    chromium.wait_for_push();
}

fn the_server_answers_the_articles_page_with_another_servers_key_what_to_do(Article(two): &mut Article) {
    // The public key of a subscriber is a point on P-256 too.
    two.paste(&two.push_service.subscribe(None).p256dh, "index.html");
    let TwoBrowsers { firefox, server, .. } = two;
    firefox.open(&server.http);
    firefox.press("subscribe");
    firefox.answer_prompt(Answer::Allow);
    firefox.wait_to_read_start("status", "409 ");
    let answer = firefox.read("status");
    assert!(answer.contains("subscribe with the key of /vapid-public-key"), "{answer}");
    assert_eq!(fs::read_to_string(server.file("subscription.txt")).unwrap(), "");
}

fn our_own_page_refuses_inline_script_in_both_browsers(
    (OnHttp(Stage { firefox, push_service, .. }), InChromium { chromium, server }): &mut (OnHttp, InChromium),
) {
    push_service.expect_no_calls();
    chromium.open(&server.http);
    expect_inline_script_refused(firefox);
    expect_inline_script_refused(chromium);
}

/// Adds a script element and an onclick to the page, as an injection would: neither may run.
fn expect_inline_script_refused(tab: &mut impl Page) {
    let violations = tab.value(
        "new Promise(done => {
            const violations = [];
            document.addEventListener('securitypolicyviolation', event => {
                violations.push(`${event.effectiveDirective} ${event.blockedURI}`);
                if (violations.length === 2) done(violations);
            });
            const script = document.createElement('script');
            script.textContent = 'globalThis.injected = true';
            document.body.append(script);
            document.body.insertAdjacentHTML('beforeend', '<b id=bait onclick=\"globalThis.injected = true\"></b>');
            document.getElementById('bait').click();
        })",
    );
    assert_eq!(violations, json!(["script-src-elem inline", "script-src-attr inline"]));
    assert_eq!(tab.value("'injected' in globalThis"), json!(false));
}
