//! A client written to the contract of Google's codelab "Build a push notification server" works unchanged.

use crate::support::client::{Client, Got};
use crate::support::program::{LIMIT, server};
use push_service_fixture::PushService;
use serde_json::json;

/// `fetch(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({endpoint})})`.
fn post_endpoint(client: &Client, path: &str, endpoint: &str) -> Got {
    client.post(path, &json!({ "endpoint": endpoint }).to_string())
}

/// `fetch('/notify-all', {method: 'POST'})`: no body, no type.
fn notify_all(client: &Client, origin: &str) -> Got {
    client.send("POST", "/notify-all", &[("origin", origin)], "")
}

#[test]
fn a_codelab_client_adds_notifies_and_removes() {
    let (folder, push_service) = (tempfile::tempdir().unwrap(), PushService::start());
    let server = server(folder.path()).args(["--allow-push-service", push_service.origin()]).spawn();
    let origin = server.url("http");
    let client = Client::new(&origin);
    let key = client.get("/vapid-public-key").text;
    let (phone, laptop) = (push_service.subscribe(Some(&key)), push_service.subscribe(Some(&key)));

    // Flow 6: the one refusal the codelab's client knows.
    assert_eq!(notify_all(&client, &origin).status, 409);

    // Flow 2, twice: what the browser gives is posted as it is.
    for browser in [&phone, &laptop] {
        assert_eq!(client.post("/add-subscription", &browser.json).status, 201);
    }

    // Flow 4: one message, to that browser alone.
    assert_eq!(post_endpoint(&client, "/notify-me", &phone.endpoint).status, 200);
    let received = push_service.wait_for(3, LIMIT);
    assert_eq!(received[2].endpoint, phone.endpoint);

    // Flow 5: the same message on all.
    assert_eq!(notify_all(&client, &origin).status, 200);
    let received = push_service.wait_for(5, LIMIT);
    let mut endpoints = [&received[3].endpoint, &received[4].endpoint];
    endpoints.sort();
    let mut expected = [&phone.endpoint, &laptop.endpoint];
    expected.sort();
    assert_eq!(endpoints, expected);
    assert_eq!(received[3].payload, received[4].payload);

    // Flow 3, twice: then nobody is left.
    for browser in [&phone, &laptop] {
        assert_eq!(post_endpoint(&client, "/remove-subscription", &browser.endpoint).status, 200);
    }
    assert_eq!(notify_all(&client, &origin).status, 409);
    assert_eq!(push_service.received().len(), 5);
    assert_eq!(push_service.refused(), [""; 0]);
}

/// The article's name for `/add-subscription`: its page works against this server too.
#[test]
fn the_articles_cgi_path_adds_a_subscription_by_the_same_rules() {
    let (folder, push_service) = (tempfile::tempdir().unwrap(), PushService::start());
    let server = server(folder.path()).args(["--allow-push-service", push_service.origin()]).spawn();
    let client = Client::new(&server.url("http"));
    let key = client.get("/vapid-public-key").text;
    let browser = push_service.subscribe(Some(&key));
    let path = "/cgi-bin/subscription.py";
    assert_eq!(client.post(path, &browser.json).status, 201);
    assert_eq!(client.post("/add-subscription", &browser.json).status, 200, "the same subscription");
    assert_eq!(push_service.wait_for(1, LIMIT).len(), 1);
    let other_site = [("content-type", "application/json"), ("origin", "http://evil.example")];
    assert_eq!(client.send("POST", path, &other_site, &browser.json).status, 403);
    assert_eq!(client.send("POST", path, &[("content-type", "text/plain")], &browser.json).status, 415);
    assert_eq!(client.post(path, "{}").status, 400);
}

#[test]
fn a_browser_the_server_does_not_know_cannot_be_notified_and_nothing_crashes() {
    let (folder, push_service) = (tempfile::tempdir().unwrap(), PushService::start());
    push_service.expect_no_calls();
    let server = server(folder.path()).args(["--allow-push-service", push_service.origin()]).spawn();
    let client = Client::new(&server.url("http"));
    let stranger = push_service.subscribe(None);
    assert_eq!(post_endpoint(&client, "/notify-me", &stranger.endpoint).status, 404);
    assert_eq!(post_endpoint(&client, "/remove-subscription", &stranger.endpoint).status, 404);
    assert_eq!(client.get("/status").status, 200);
}
