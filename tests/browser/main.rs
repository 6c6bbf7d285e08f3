//! Real browsers.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#[path = "../support/browser/mod.rs"]
mod browser;
mod scratch;

use browser::{CHROMIUM, CERTUTIL, FIREFOX, installed, target};
use browser::firefox::{Answer, Firefox};

#[test]
fn firefox_driver() {
    if !installed(&[&FIREFOX, &CERTUTIL]) { return; }
    let t = std::time::Instant::now();
    let step = |s: &str| { use std::io::Write; let _ = writeln!(std::io::stderr(), "{:?} {s}", t.elapsed()); };
    let port = scratch::serve();
    let mut firefox = Firefox::start("ws://127.0.0.1:9/", None);
    step("started");
    firefox.open(&format!("http://localhost:{port}/"));
    step("open");
    firefox.wait_for("document.querySelector('#state').textContent === 'registered'");
    firefox.click("#ask");
    step("clicked");
    firefox.answer_prompt(Answer::Allow);
    step("prompt");
    firefox.wait_for("document.querySelector('#state').textContent === 'granted'");
    firefox.value("navigator.serviceWorker.ready.then(r => r.showNotification('Hi', {body: 'there'}))");
    step("notif");
    firefox.wait_for_alert("Hi", "there");
    step("alert");
    eprintln!("{}", firefox.value("navigator.serviceWorker.ready.then(r => r.getNotifications()).then(l => l.map(n => n.title))"));
    firefox.cover_with_another_tab();
    firefox.wait_for("document.visibilityState === 'hidden'");
    step("hidden");
    firefox.click_alert("Hi", "there");
    for _ in 0..5 { eprintln!("{} {}", firefox.value("new Promise(r => setTimeout(() => r([document.visibilityState, document.hasFocus(), document.hidden]), 300))"), firefox.in_browser("[gBrowser.selectedBrowser.currentURI.spec, gBrowser.tabs.length, [...Services.wm.getEnumerator(null)].map(w => w.location.href), document.hasFocus()]")); }
    firefox.wait_for("document.visibilityState === 'visible'");
    step("visible");
    firefox.set_viewport(1280, 800);
    firefox.set_dark(true);
    firefox.screenshot(&target().join("ff.png"));
    step("shot");
    firefox.value("console.error('oops')");
    eprintln!("{:?}", firefox.complaints());
    eprintln!("{}", firefox.output());
    drop(firefox);
    step("dropped");
}

#[test]
fn chromium_driver() {
    if !installed(&[&CHROMIUM, &CERTUTIL]) { return; }
    let t = std::time::Instant::now();
    let step = |s: &str| { use std::io::Write; let _ = writeln!(std::io::stderr(), "C {:?} {s}", t.elapsed()); };
    let port = scratch::serve();
    let origin = format!("http://localhost:{port}");
    let mut chromium = browser::chromium::Chromium::start(None);
    step("started");
    chromium.set_permission(&origin, "granted");
    chromium.open(&origin);
    step("open");
    chromium.wait_for("document.querySelector('#state').textContent === 'registered'");
    let id = chromium.wait_for_worker();
    step(&id);
    chromium.click("#ask");
    chromium.wait_for("document.querySelector('#state').textContent === 'granted'");
    step("clicked");
    chromium.deliver_push(&origin, &id, "hello");
    chromium.deliver_push(&origin, &id, "");
    step("pushed");
    eprintln!("{}", chromium.value("navigator.serviceWorker.ready.then(r => r.getNotifications()).then(l => l.map(n => n.body))"));
    chromium.set_viewport(1280, 800);
    chromium.set_dark(true);
    chromium.screenshot(&target().join("cr.png"));
    step("shot");
    chromium.value("console.error('oops')");
    eprintln!("{:?}", chromium.complaints());
    eprintln!("{:?}", chromium.try_open("http://localhost:9/"));
    drop(chromium);
    step("dropped");
}
