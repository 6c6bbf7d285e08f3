//! Firefox, headless, in a fresh profile, driven by WebDriver BiDi (facts: Firefox ESR 153).

use std::fs;
use std::path::Path;
use std::thread;

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::Process;
use super::websocket::Connection;
use super::{FIREFOX, Tab, evidence, text, trust, until_true};

/// What the profile must have.
const PREFERENCES: &str = r#"
// BiDi switches push off unless the profile itself says it is on.
user_pref("dom.push.connection.enabled", true);
// The local push service has no TLS.
user_pref("dom.push.testing.allowInsecureServerURL", true);
// There is no desktop here to show a notification: Firefox draws its own alert window.
user_pref("alerts.useSystemBackend", false);
// console.* of service workers goes to standard output; BiDi reports those of pages only.
user_pref("devtools.console.stdout.content", true);
// Nothing leaves this machine: everything but loopback goes to a proxy that does not exist.
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", 9);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", 9);
user_pref("network.proxy.allow_hijacking_localhost", false);
// One name stands for an address of the local network.
user_pref("network.dns.localDomains", "barepush.test");
user_pref("network.proxy.no_proxies_on", "barepush.test");
// BiDi pretends that every page has the focus; then no page can get it.
user_pref("focusmanager.testmode", false);
// A click counts as the user's for 5 s; on a busy machine a worker's registration takes longer, and then no prompt comes (ms).
user_pref("dom.user_activation.transient.timeout", 90000);
// No questions and no reports.
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
"#;

/// The Enter key, as WebDriver names it.
pub(crate) const ENTER: &str = "\u{E007}";
/// The Tab key.
pub(crate) const TAB: &str = "\u{E004}";

/// The two answers to the permission prompt.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// The prompt's first button.
    Allow,
    /// Its second: never ask again.
    Block,
}

/// A running Firefox and its one tab under test.
pub(crate) struct Firefox {
    bidi: Connection,
    process: Process,
    tab: String,
    window: String,
    _home: TempDir,
}

impl Firefox {
    /// Starts it with `push_service` (`ws://...`) as its push service, trusting `certificate` when one is given.
    pub(crate) fn start(push_service: &str, certificate: Option<&Path>) -> Self {
        let home = tempfile::tempdir().expect("a home for Firefox");
        let profile = home.path().join("profile");
        fs::create_dir(&profile).expect("a profile");
        let service = format!("user_pref(\"dom.push.serverURL\", \"{push_service}\");\n");
        fs::write(profile.join("user.js"), service + PREFERENCES).expect("user.js");
        if let Some(certificate) = certificate {
            trust(&profile, certificate);
        }
        let arguments = [
            "--headless",
            "--no-remote",
            "--remote-debugging-port=0",
            // Lets BiDi press the buttons of the browser itself: the permission prompt, the alert.
            "--remote-allow-system-access",
            "--profile",
            profile.to_str().expect("a UTF-8 path"),
            "about:blank",
        ];
        let program = FIREFOX.path().expect("Firefox");
        let process = Process::start(&program, &arguments.map(str::to_owned), home.path());
        let address = process.line_after("WebDriver BiDi listening on ");
        let mut firefox = Self {
            bidi: Connection::open(&format!("{address}/session")),
            process,
            tab: String::new(),
            window: String::new(),
            _home: home,
        };
        firefox.ask("session.new", json!({ "capabilities": {} }));
        firefox.ask("session.subscribe", json!({ "events": ["log.entryAdded"] }));
        firefox.tab = firefox.contexts(json!({}));
        firefox.window = firefox.contexts(json!({ "moz:scope": "chrome" }));
        firefox
    }

    /// Opens `url` in the tab and waits until it has loaded.
    pub(crate) fn open(&mut self, url: &str) {
        let to = json!({ "context": self.tab, "url": url, "wait": "complete" });
        self.ask("browsingContext.navigate", to);
    }

    /// Loads the page again.
    pub(crate) fn reload(&mut self) {
        let tab = json!({ "context": self.tab, "wait": "complete" });
        self.ask("browsingContext.reload", tab);
    }

    /// Opens an empty tab in front of the one under test.
    pub(crate) fn cover_with_another_tab(&mut self) {
        let tab = json!({ "type": "tab", "background": false });
        self.ask("browsingContext.create", tab);
    }

    /// Closes the tab under test; an empty one takes its place.
    pub(crate) fn close_page(&mut self) {
        let other = self.ask("browsingContext.create", json!({ "type": "tab" }));
        self.ask("browsingContext.close", json!({ "context": self.tab }));
        self.tab = text(&other["context"]);
    }

    /// Gives the page the keyboard's focus, which a fresh window's address bar has.
    pub(crate) fn focus_page(&mut self) {
        self.wait_in_browser("(window.focus(), gBrowser.selectedBrowser.focus(), document.hasFocus())");
        self.wait_for("document.hasFocus()");
    }

    /// Presses one key, [`ENTER`] or [`TAB`], wherever the focus is.
    pub(crate) fn press_key(&mut self, key: &str) {
        let actions = ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key }));
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        let all = json!({ "context": self.tab, "actions": [keyboard] });
        self.ask("input.performActions", all);
    }

    /// Blocks notifications of `origin`, as a user may in the settings.
    pub(crate) fn block_notifications(&mut self, origin: &str) {
        let descriptor = json!({ "name": "notifications" });
        let denied = json!({ "descriptor": descriptor, "state": "denied", "origin": origin });
        self.ask("permissions.setPermission", denied);
    }

    /// Waits for the browser's own permission prompt and presses one of its buttons.
    pub(crate) fn answer_prompt(&mut self, answer: Answer) {
        let button = match answer {
            Answer::Allow => ".popup-notification-primary-button",
            Answer::Block => ".popup-notification-secondary-button",
        };
        self.wait_in_browser(&format!(
            "(() => {{
                const panel = document.getElementById('notification-popup');
                const button = panel?.state === 'open' && panel.firstElementChild?.querySelector('{button}');
                if (!button || button.disabled) return false;
                button.click();
                return true;
            }})()"
        ));
    }

    /// Waits until a notification with exactly this title and body is on the screen: the browser's own alert window.
    pub(crate) fn wait_for_alert(&mut self, title: &str, body: &str) {
        self.wait_in_browser(&format!("!!({})", alert(title, body)));
    }

    /// Clicks the notification with this title and body.
    pub(crate) fn click_alert(&mut self, title: &str, body: &str) {
        let alert = alert(title, body);
        self.wait_in_browser(&format!("(() => {{ const alert = {alert}; alert?.onAlertClick(); return !!alert; }})()"));
    }

    /// Waits for the notification with this title and body and closes it, as a person does. Its window stays for 20 s; until then
    /// Firefox shows no permission prompt, and as it opens it takes the keyboard's focus.
    pub(crate) fn close_alert(&mut self, title: &str, body: &str) {
        let alert = alert(title, body);
        self.wait_in_browser(&format!("(() => {{ const alert = {alert}; alert?.close(); return !!alert; }})()"));
        self.wait_in_browser(&format!("!({alert})"));
    }

    /// Waits until the tab in front has loaded exactly `url`, and has that tab under test from now on.
    pub(crate) fn take_page_in_front(&mut self, url: &str) {
        self.wait_in_browser(&format!(
            "gBrowser.selectedBrowser.currentURI.spec === {} && !gBrowser.selectedTab.hasAttribute('busy')",
            json!(url)
        ));
        let tree = self.ask("browsingContext.getTree", json!({}));
        let tabs = tree["contexts"].as_array().expect("contexts");
        let in_front = tabs.iter().find(|tab| tab["url"] == url);
        self.tab = text(&in_front.expect("the page")["context"]);
    }

    /// Gives the page an area of `width` by `height` CSS pixels.
    pub(crate) fn set_viewport(&mut self, width: u32, height: u32) {
        let viewport = json!({ "width": width, "height": height });
        let setting = json!({ "context": self.tab, "viewport": viewport });
        self.ask("browsingContext.setViewport", setting);
    }

    /// Makes `prefers-color-scheme` answer dark or light.
    pub(crate) fn set_dark(&mut self, dark: bool) {
        let value = i32::from(!dark);
        self.wait_in_browser(&format!(
            "Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', {value}) || true"
        ));
        self.wait_for(&format!("matchMedia('(prefers-color-scheme: dark)').matches === {dark}"));
    }

    /// Writes a picture of what the viewport shows (PNG).
    pub(crate) fn screenshot(&mut self, file: &Path) {
        let picture = self.picture("viewport").expect("a screenshot");
        fs::write(file, picture).expect("writing the screenshot");
    }

    fn picture(&mut self, of: &str) -> Result<Vec<u8>, String> {
        let what = json!({ "context": self.tab, "origin": of });
        let answer = self.try_ask("browsingContext.captureScreenshot", what)?;
        Base64::decode_vec(&text(&answer["data"])).map_err(|error| error.to_string())
    }

    fn contexts(&mut self, of: Value) -> String {
        let tree = self.ask("browsingContext.getTree", of);
        text(&tree["contexts"][0]["context"])
    }

    fn wait_in_browser(&mut self, condition: &str) -> Value {
        let window = self.window.clone();
        self.evaluate(&window, &until_true(condition))
    }

    fn evaluate(&mut self, context: &str, expression: &str) -> Value {
        let script = json!({
            "functionDeclaration": format!("async () => JSON.stringify((await ({expression})) ?? null)"),
            "awaitPromise": true,
            "target": { "context": context },
        });
        let answer = self.ask("script.callFunction", script);
        let returned = answer["result"]["value"].as_str();
        let returned = returned.unwrap_or_else(|| panic!("{expression}\nthrew {}", answer["exceptionDetails"]["text"]));
        serde_json::from_str(returned).expect("JSON")
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.try_ask(method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn try_ask(&mut self, method: &str, params: Value) -> Result<Value, String> {
        let call = json!({ "method": method, "params": params });
        let answer = self.bidi.call(call)?;
        match answer["type"].as_str() {
            Some("success") => Ok(answer["result"].clone()),
            _ => Err(format!("{}: {}", text(&answer["error"]), text(&answer["message"]))),
        }
    }
}

impl Tab for Firefox {
    fn value(&mut self, expression: &str) -> Value {
        let tab = self.tab.clone();
        self.evaluate(&tab, expression)
    }

    fn click(&mut self, selector: &str) {
        self.value(&format!("document.querySelector({}).scrollIntoView({{block: 'center'}})", json!(selector)));
        let by = json!({ "context": self.tab, "locator": { "type": "css", "value": selector } });
        let found = self.ask("browsingContext.locateNodes", by);
        let element = &found["nodes"][0]["sharedId"];
        assert!(element.is_string(), "no {selector} on the page");
        let origin = json!({ "type": "element", "element": { "sharedId": element } });
        let actions = json!([
            { "type": "pointerMove", "x": 0, "y": 0, "origin": origin },
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerUp", "button": 0 },
        ]);
        let mouse = json!({ "type": "pointer", "id": "mouse", "actions": actions });
        let all = json!({ "context": self.tab, "actions": [mouse] });
        self.ask("input.performActions", all);
    }

    fn complaints(&mut self) -> Vec<String> {
        self.value("null");
        let entries = self.bidi.events().iter().map(|event| &event["params"]);
        entries
            .filter(|entry| matches!(entry["level"].as_str(), Some("error" | "warn")))
            .map(|entry| text(&entry["text"]))
            .collect()
    }
}

impl Drop for Firefox {
    fn drop(&mut self) {
        if thread::panicking() {
            if let Ok(picture) = self.picture("document") {
                let _ = fs::write(evidence("firefox.png"), picture);
            }
            let log = format!("{}\n{:#?}", self.process.output(), self.bidi.events());
            let _ = fs::write(evidence("firefox.log"), log);
        }
    }
}

/// The alert window with this title and text, if one is there: a JS expression for the browser's own scope.
fn alert(title: &str, body: &str) -> String {
    format!(
        "[...Services.wm.getEnumerator('alert:alert')].find(alert =>
            alert.document.getElementById('alertTitleLabel')?.getAttribute('value') === {}
            && alert.document.getElementById('alertTextLabel')?.textContent === {})",
        json!(title),
        json!(body)
    )
}
