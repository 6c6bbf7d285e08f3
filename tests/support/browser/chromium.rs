//! Chromium, headless, in a fresh profile, driven by the DevTools protocol (facts: Chromium 156).

use std::fs;
use std::path::Path;
use std::thread;

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::Process;
use super::websocket::Connection;
use super::{CHROMIUM, Tab, evidence, text, trust};

const FLAGS: [&str; 12] = [
    "--headless=new",
    // A container has no sandbox to give, and root must not have one; only our own page is opened.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    // Nothing leaves this machine; one name stands for an address of the local network.
    "--host-resolver-rules=MAP barepush.test 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
    "--disable-component-update",
    "--disable-sync",
    "--disable-crash-reporter",
    "--disable-breakpad",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
];

/// A running Chromium and its one tab.
pub(crate) struct Chromium {
    devtools: Connection,
    process: Process,
    arguments: Vec<String>,
    session: String,
    home: TempDir,
}

/// Nothing is fetched that the page does not ask for. Chromium's own subscriptions would take 3 s longer.
const NO_BACKGROUND: &str = "--disable-background-networking";

impl Chromium {
    /// Starts it, trusting no certificate but the usual ones.
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().expect("a home for Chromium"), &[NO_BACKGROUND])
    }

    /// Starts it with the switches that lead it to its push service, trusting `certificate` (PEM) when one is given.
    pub(crate) fn start_subscribing(switches: &[String], certificate: Option<&Path>) -> Self {
        let home = tempfile::tempdir().expect("a home for Chromium");
        if let Some(certificate) = certificate {
            trust(&home.path().join(".pki/nssdb"), certificate);
        }
        Self::start_in(home, &switches.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Starts it in the home of a user who trusts `certificate` (PEM).
    pub(crate) fn start_trusting(certificate: &Path) -> Self {
        let home = tempfile::tempdir().expect("a home for Chromium");
        trust(&home.path().join(".pki/nssdb"), certificate);
        Self::start_in(home, &[NO_BACKGROUND])
    }

    /// Starts it with one more command-line switch.
    pub(crate) fn start_with(switch: &str) -> Self {
        Self::start_in(tempfile::tempdir().expect("a home for Chromium"), &[NO_BACKGROUND, switch])
    }

    fn start_in(home: TempDir, switches: &[&str]) -> Self {
        let arguments: Vec<String> = FLAGS.iter().chain(switches).map(|&flag| flag.to_owned()).collect();
        let (process, devtools) = launch(&arguments, home.path());
        let mut chromium = Self { devtools, process, arguments, session: String::new(), home };
        chromium.attach();
        chromium
    }

    /// Closes it as a person does; its profile stays.
    pub(crate) fn close(&mut self) {
        self.ask("Browser.close", json!({}));
        // Hangs up when everything is written.
        let _ = self.devtools.event(|_| false);
    }

    /// Starts it again with its profile.
    pub(crate) fn start_again(&mut self) {
        (self.process, self.devtools) = launch(&self.arguments, self.home.path());
        self.session = String::new();
        self.attach();
    }

    fn attach(&mut self) {
        let targets = self.ask("Target.getTargets", json!({}));
        let targets = targets["targetInfos"].as_array().expect("targets");
        let page = targets.iter().find(|target| target["type"] == "page");
        let page = page.expect("a page")["targetId"].clone();
        let session = json!({ "targetId": page, "flatten": true });
        self.session = text(&self.ask("Target.attachToTarget", session)["sessionId"]);
        for domain in ["Page", "Network", "Runtime", "Log", "ServiceWorker"] {
            self.ask(&format!("{domain}.enable"), json!({}));
        }
        self.ask("Page.setLifecycleEventsEnabled", json!({ "enabled": true }));
        let pushes = json!({ "service": "pushMessaging" });
        self.ask("BackgroundService.startObserving", pushes);
        let record = json!({ "service": "pushMessaging", "shouldRecord": true });
        self.ask("BackgroundService.setRecording", record);
    }

    /// Opens `url` and waits until it has loaded; the error is the browser's, for example `net::ERR_CERT_AUTHORITY_INVALID`.
    pub(crate) fn try_open(&mut self, url: &str) -> Result<(), String> {
        let went = self.ask("Page.navigate", json!({ "url": url }));
        self.wait_for_load(&went["loaderId"]);
        match went["errorText"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(()),
        }
    }

    /// Opens `url`, which must load.
    pub(crate) fn open(&mut self, url: &str) {
        self.try_open(url).unwrap_or_else(|error| panic!("opening {url}: {error}"));
        // A person looks at the page that opens. Without this the first click may bring the focus, at which the page asks the server
        // again: a button could be disabled between press and release.
        self.ask("Page.bringToFront", json!({}));
        self.wait_for("document.hasFocus()");
    }

    /// Passes the certificate warning the way a person does, by its two links, and waits for the page behind it.
    pub(crate) fn click_through_warning(&mut self) {
        self.click("#details-button");
        self.wait_for("document.querySelector('#proceed-link').checkVisibility()");
        self.click("#proceed-link");
        let page = self.event("Page.frameNavigated", |event| {
            event["frame"]["unreachableUrl"].is_null() && text(&event["frame"]["url"]).starts_with("https:")
        });
        self.wait_for_load(&page["frame"]["loaderId"]);
    }

    /// Opens `url` in a browser that `script`, run before the page's own scripts, has made different.
    pub(crate) fn open_after(&mut self, script: &str, url: &str) {
        let source = json!({ "source": script });
        let added = self.ask("Page.addScriptToEvaluateOnNewDocument", source);
        self.open(url);
        self.ask("Page.removeScriptToEvaluateOnNewDocument", added);
    }

    /// Sets the permission for notifications: `granted`, `denied` or `prompt`.
    pub(crate) fn set_permission(&mut self, origin: &str, setting: &str) {
        let permission = json!({
            "permission": { "name": "notifications" }, "setting": setting, "origin": origin,
        });
        self.ask("Browser.setPermission", permission);
    }

    /// Changes the permission for notifications as a person does, on Chromium's page of settings: `allow` or `block`. Unlike
    /// [`Chromium::set_permission`], whose answer only scripts get, this ends a subscription.
    pub(crate) fn choose_in_settings(&mut self, origin: &str, setting: &str) {
        let target = self.ask("Target.createTarget", json!({ "url": "about:blank", "background": true }));
        let session = json!({ "targetId": target["targetId"], "flatten": true });
        let session = text(&self.ask("Target.attachToTarget", session)["sessionId"]);
        let page = std::mem::replace(&mut self.session, session);
        self.ask("Page.enable", json!({}));
        self.ask("Page.setLifecycleEventsEnabled", json!({ "enabled": true }));
        self.open("chrome://settings/content/notifications");
        let exception = json!([origin, "", "notifications", setting, false]);
        // Before the page has asked for the list of exceptions, a change would make Chromium crash.
        self.value(&format!(
            "import('chrome://resources/js/cr.js').then(async ({{ sendWithPromise }}) => {{
                await sendWithPromise('getExceptionList', 'notifications');
                chrome.send('setCategoryPermissionForPattern', {exception});
                await sendWithPromise('getExceptionList', 'notifications');
            }})"
        ));
        self.session = page;
        self.ask("Target.closeTarget", json!({ "targetId": target["targetId"] }));
    }

    /// Waits until a service worker is active and returns its registration's number.
    pub(crate) fn wait_for_worker(&mut self) -> String {
        let active = self.event("ServiceWorker.workerVersionUpdated", |event| {
            let versions = event["versions"].as_array();
            versions.is_some_and(|all| all.iter().any(|version| version["status"] == "activated"))
        });
        let versions = active["versions"].as_array().expect("versions");
        let active = versions.iter().find(|version| version["status"] == "activated");
        text(&active.expect("an active one")["registrationId"])
    }

    /// Hands the worker a push message with this text ("" is one without data) and waits until it has dealt with it.
    pub(crate) fn deliver_push(&mut self, origin: &str, registration: &str, data: &str) {
        let message = json!({ "origin": origin, "registrationId": registration, "data": data });
        self.ask("ServiceWorker.deliverPushMessage", message);
        self.wait_for_push();
    }

    /// Waits until the worker has dealt with one more push message. Only then may notifications be asked for: asked during
    /// `showNotification()`, Chromium loses that notification.
    pub(crate) fn wait_for_push(&mut self) {
        let done = self.event("BackgroundService.backgroundServiceEventReceived", |event| {
            event["backgroundServiceEvent"]["eventName"] == "Push event completed"
        });
        let facts = &done["backgroundServiceEvent"]["eventMetadata"];
        let status = json!({ "key": "Status", "value": "Success" });
        assert!(
            facts.as_array().is_some_and(|facts| facts.contains(&status)),
            "the worker failed at a push message: {facts}"
        );
    }

    /// Gives the page an area of `width` by `height` CSS pixels.
    pub(crate) fn set_viewport(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", size);
    }

    /// Makes `prefers-color-scheme` answer dark or light.
    pub(crate) fn set_dark(&mut self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let feature = json!({ "name": "prefers-color-scheme", "value": value });
        self.ask("Emulation.setEmulatedMedia", json!({ "features": [feature] }));
    }

    /// Writes a picture of the whole page (PNG).
    pub(crate) fn screenshot(&mut self, file: &Path) {
        let picture = self.picture().expect("a screenshot");
        fs::write(file, picture).expect("writing the screenshot");
    }

    fn wait_for_load(&mut self, loader: &Value) {
        self.event("Page.lifecycleEvent", |event| event["loaderId"] == *loader && event["name"] == "load");
    }

    fn picture(&mut self) -> Result<Vec<u8>, String> {
        let layout = self.try_ask("Page.getLayoutMetrics", json!({}))?;
        let mut clip = layout["cssContentSize"].clone();
        clip["scale"] = json!(1);
        let what = json!({ "captureBeyondViewport": true, "clip": clip });
        let answer = self.try_ask("Page.captureScreenshot", what)?;
        Base64::decode_vec(&text(&answer["data"])).map_err(|error| error.to_string())
    }

    fn event(&mut self, method: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let event = self.devtools.event(|event| event["method"] == method && wanted(&event["params"]));
        let mut event = event.unwrap_or_else(|error| panic!("waiting for {method}: {error}"));
        event["params"].take()
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.try_ask(method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn try_ask(&mut self, method: &str, params: Value) -> Result<Value, String> {
        let mut call = json!({ "method": method, "params": params });
        if !self.session.is_empty() {
            call["sessionId"] = json!(self.session);
        }
        let mut answer = self.devtools.call(call)?;
        match answer["error"]["message"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["result"].take()),
        }
    }
}

/// Starts the program with its profile in `home`.
fn launch(arguments: &[String], home: &Path) -> (Process, Connection) {
    let profile = format!("--user-data-dir={}", home.join("profile").display());
    let arguments = [arguments, &[profile, "about:blank".to_owned()]].concat();
    let process = Process::start(CHROMIUM.path().expect("Chromium"), &arguments, home);
    let devtools = Connection::open(&process.line_after("DevTools listening on "));
    (process, devtools)
}

impl Tab for Chromium {
    fn value(&mut self, expression: &str) -> Value {
        let script = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.ask("Runtime.evaluate", script);
        let thrown = &answer["exceptionDetails"];
        assert!(thrown.is_null(), "{expression}\nthrew {thrown:#}");
        answer["result"]["value"].clone()
    }

    fn click(&mut self, selector: &str) {
        let middle = self.value(&format!(
            "(() => {{
                const element = document.querySelector({});
                element.scrollIntoView({{ block: 'center', behavior: 'instant' }});
                const box = element.getBoundingClientRect();
                return {{ x: box.x + box.width / 2, y: box.y + box.height / 2 }};
            }})()",
            json!(selector)
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": middle["x"], "y": middle["y"], "button": "left", "clickCount": 1,
            });
            self.ask("Input.dispatchMouseEvent", event);
        }
    }

    fn complaints(&mut self) -> Vec<String> {
        self.value("null");
        let events = self.devtools.events().iter();
        events.filter_map(complaint).collect()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        if thread::panicking() {
            if let Ok(picture) = self.picture() {
                let _ = fs::write(evidence("chromium.png"), picture);
            }
            let log = format!("{}\n{:#?}", self.process.output(), self.devtools.events());
            let _ = fs::write(evidence("chromium.log"), log);
        }
    }
}

fn complaint(event: &Value) -> Option<String> {
    let said = &event["params"];
    match event["method"].as_str()? {
        "Runtime.consoleAPICalled" if said["type"] == "error" || said["type"] == "warning" => {
            Some(said["args"].to_string())
        }
        "Runtime.exceptionThrown" => Some(text(&said["exceptionDetails"]["exception"]["description"])),
        "Log.entryAdded" if said["entry"]["level"] != "verbose" && said["entry"]["level"] != "info" => {
            let entry = &said["entry"];
            Some(format!("{} ({})", text(&entry["text"]), text(&entry["url"])))
        }
        "ServiceWorker.workerErrorReported" => Some(text(&said["errorMessage"]["errorMessage"])),
        _ => None,
    }
}
