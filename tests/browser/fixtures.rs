//! What browser tests begin with: a server with its own push service, and the page in a browser.

use std::fs;

use serde_json::json;

use crate::browser::chromium::Chromium;
use crate::browser::firefox::{Answer, Firefox};
use crate::browser::{AXE, CERTUTIL, CHROMIUM, FIREFOX, NGINX, Need, Tab};
use crate::harness::Fixture;
use crate::page::Page;
use crate::server::Server;
use push_service::google::MessageChannel;
use push_service_fixture::PushService;

/// What the server pushes when a browser has subscribed: title and body.
pub(crate) const WELCOME: (&str, &str) = ("Hello from barepush", "You are subscribed. This is the first notification.");

/// Firefox, the server and the push service, which know each other; the page is open.
pub(crate) struct Stage {
    pub(crate) firefox: Firefox,
    pub(crate) server: Server,
    pub(crate) push_service: PushService,
}

impl Stage {
    fn open(https: bool) -> Self {
        let push_service = PushService::start();
        let server = Server::start_with(&["--allow-push-service", push_service.origin()]);
        let for_browsers = push_service.origin().replace("http://", "ws://");
        let certificate = https.then(|| server.certificate());
        let mut firefox = Firefox::start(&for_browsers, certificate.as_deref());
        firefox.open(if https { &server.https } else { &server.http });
        Self { firefox, server, push_service }
    }

    /// See [`subscribe`].
    pub(crate) fn subscribe(&mut self) {
        subscribe(&mut self.firefox);
    }
}

/// Registers and subscribes Firefox by clicks, the prompt's Allow included, and sees the first notification.
fn subscribe(firefox: &mut Firefox) {
    firefox.press("register");
    firefox.press("subscribe");
    firefox.answer_prompt(Answer::Allow);
    firefox.wait_for_alert(WELCOME.0, WELCOME.1);
    firefox.wait_to_read("notification-status-message", "Ready to push.");
}

/// The page in Firefox on `https://localhost`, the certificate trusted.
pub(crate) struct OnHttps(pub(crate) Stage);

impl Fixture for OnHttps {
    fn needs() -> Vec<&'static Need> {
        vec![&FIREFOX, &CERTUTIL]
    }

    fn open() -> Self {
        Self(Stage::open(true))
    }
}

/// The page in Firefox on `http://localhost`.
pub(crate) struct OnHttp(pub(crate) Stage);

impl Fixture for OnHttp {
    fn needs() -> Vec<&'static Need> {
        vec![&FIREFOX]
    }

    fn open() -> Self {
        Self(Stage::open(false))
    }
}

/// The page in Firefox on `http://localhost`, subscribed.
pub(crate) struct Subscribed(pub(crate) Stage);

impl Fixture for Subscribed {
    fn needs() -> Vec<&'static Need> {
        OnHttp::needs()
    }

    fn open() -> Self {
        let OnHttp(mut stage) = OnHttp::open();
        stage.subscribe();
        Self(stage)
    }
}

/// Chromium with an empty tab, and a server.
pub(crate) struct InChromium {
    pub(crate) chromium: Chromium,
    pub(crate) server: Server,
}

impl Fixture for InChromium {
    fn needs() -> Vec<&'static Need> {
        vec![&CHROMIUM]
    }

    fn open() -> Self {
        Self { server: Server::start(), chromium: Chromium::start() }
    }
}

/// The page in Chromium on `http://localhost`: notifications are allowed and the worker is registered.
pub(crate) struct Registered {
    pub(crate) chromium: Chromium,
    pub(crate) server: Server,
    /// The registration's number.
    pub(crate) registration: String,
}

impl Fixture for Registered {
    fn needs() -> Vec<&'static Need> {
        InChromium::needs()
    }

    fn open() -> Self {
        let InChromium { mut chromium, server } = InChromium::open();
        let registration = register(&mut chromium, &server.http);
        Self { chromium, server, registration }
    }
}

/// Chromium, the server and the push service, which know each other; the page is open and notifications are allowed.
pub(crate) struct ChromiumStage {
    pub(crate) chromium: Chromium,
    pub(crate) server: Server,
    pub(crate) push_service: PushService,
    _message_channel: MessageChannel,
}

impl ChromiumStage {
    fn open(https: bool) -> Self {
        let push_service = PushService::start();
        let message_channel = push_service.open_message_channel();
        let server = Server::start_behind(&push_service, &[]);
        let certificate = https.then(|| server.certificate());
        let mut chromium = Chromium::start_subscribing(&message_channel.switches(), certificate.as_deref());
        let origin = if https { &server.https } else { &server.http };
        chromium.choose_in_settings(origin, "allow");
        chromium.open(origin);
        Self { chromium, server, push_service, _message_channel: message_channel }
    }

    /// Registers and subscribes by clicks, and sees the first notification.
    pub(crate) fn subscribe(&mut self) {
        self.chromium.press("register");
        self.chromium.press("subscribe");
        self.chromium.wait_to_read("notification-status-message", "Ready to push.");
        self.chromium.wait_for_push();
        assert_eq!(self.chromium.notifications(), json!([format!("{}: {}", WELCOME.0, WELCOME.1)]));
    }
}

/// The page in Chromium on `https://localhost`, the certificate trusted; Chromium can subscribe.
pub(crate) struct ChromiumOnHttps(pub(crate) ChromiumStage);

impl Fixture for ChromiumOnHttps {
    fn needs() -> Vec<&'static Need> {
        vec![&CHROMIUM, &CERTUTIL]
    }

    fn open() -> Self {
        Self(ChromiumStage::open(true))
    }
}

/// The page in Chromium on `http://localhost`; Chromium can subscribe.
pub(crate) struct ChromiumOnHttp(pub(crate) ChromiumStage);

impl Fixture for ChromiumOnHttp {
    fn needs() -> Vec<&'static Need> {
        vec![&CHROMIUM]
    }

    fn open() -> Self {
        Self(ChromiumStage::open(false))
    }
}

/// The page in Chromium on `http://localhost`, subscribed.
pub(crate) struct ChromiumSubscribed(pub(crate) ChromiumStage);

impl Fixture for ChromiumSubscribed {
    fn needs() -> Vec<&'static Need> {
        ChromiumOnHttp::needs()
    }

    fn open() -> Self {
        let ChromiumOnHttp(mut stage) = ChromiumOnHttp::open();
        stage.subscribe();
        Self(stage)
    }
}

/// Two browsers on one page, both subscribed: Firefox at Mozilla's side of the push service, Chromium at Google's.
pub(crate) struct BothSubscribed {
    pub(crate) chromium: ChromiumStage,
    pub(crate) firefox: Firefox,
}

impl Fixture for BothSubscribed {
    fn needs() -> Vec<&'static Need> {
        vec![&CHROMIUM, &FIREFOX]
    }

    fn open() -> Self {
        let ChromiumSubscribed(chromium) = ChromiumSubscribed::open();
        let for_browsers = chromium.push_service.origin().replace("http://", "ws://");
        let mut firefox = Firefox::start(&for_browsers, None);
        firefox.open(&chromium.server.http);
        subscribe(&mut firefox);
        Self { chromium, firefox }
    }
}

/// Opens the page in Chromium, with notifications allowed, and registers the worker by a click.
pub(crate) fn register(chromium: &mut Chromium, origin: &str) -> String {
    chromium.set_permission(origin, "granted");
    chromium.open(origin);
    chromium.press("register");
    chromium.wait_to_read("registration-status-message", &format!("Registered for the scope {origin}/"));
    chromium.wait_for_worker()
}

/// Fixtures that open nothing: the test itself starts what is installed.
macro_rules! installed {
    ($($fixture:ident: $need:ident),* $(,)?) => {$(
        pub(crate) struct $fixture;

        impl Fixture for $fixture {
            fn needs() -> Vec<&'static Need> {
                vec![&$need]
            }

            fn open() -> Self {
                Self
            }
        }
    )*};
}
installed![ChromiumInstalled: CHROMIUM, FirefoxInstalled: FIREFOX, CertutilInstalled: CERTUTIL, NginxInstalled: NGINX];

/// The source of axe-core.
pub(crate) struct Axe(pub(crate) String);

impl Fixture for Axe {
    fn needs() -> Vec<&'static Need> {
        vec![&AXE]
    }

    fn open() -> Self {
        Self(fs::read_to_string(AXE.path().expect("axe-core")).expect("reading axe-core"))
    }
}
