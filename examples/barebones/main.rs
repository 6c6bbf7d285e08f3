//! The article's application server on this library: the whole idea of web push in about 100 lines.
//!
//! NOT HARDENED, for learning on your own machine only: it answers every page that calls it, pushes to every address that
//! it is given, limits nothing that it reads and serves one request at a time. `src/bin/server` is the same, done properly.
//!
//! ```text
//! cargo run --example barebones            then open http://localhost:4481 and press Subscribe
//! cargo run --bin notify "message"         pushes to the newest line of the same subscription.txt
//! ```
//!
//! The comments that begin with "Article:" name what each part is in the article "Building a barebones web-push server".

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use barepush::push::{
    Client, DEFAULT_SUBJECT, Interface, Message, Notification, PushRequest, PushResult, Subject, Subscription, VapidKey,
};
use barepush::store::{Store, keys};
use tiny_http::{Header, Method, Request, Response, Server};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Article: the folder in which server.py was started. Files are read at each request: edit one and reload the page.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/barebones");
/// The port unless the first argument names one; 0 lets the system choose.
const PORT: &str = "4481";

/// What the routes need.
struct App {
    key: VapidKey,
    store: Store,
    client: Client,
}

/// Article: server.py. That one serves https with a certificate of its own; this one serves http on localhost, which
/// browsers trust as much, without a certificate.
fn main() -> Result<(), Error> {
    let app = App {
        // Article: the two openssl commands. Here the key pair is made at the first start and kept in keys/; a
        // vapid_private.pem that openssl made works there too.
        key: keys::load_or_create(Path::new("keys"), Subject::parse(DEFAULT_SUBJECT)?)?.0,
        // Article: the text file with the latest subscription. Here each subscription is a line, and the newest is last.
        store: Store::new("subscription.txt"),
        client: Client::new(Duration::from_secs(15), 1)?,
    };
    let port = std::env::args().nth(1).unwrap_or_else(|| PORT.into());
    let server = Server::http(format!("127.0.0.1:{port}"))?;
    let port = server.server_addr().to_ip().map_or(0, |address| address.port());
    println!("http://localhost:{port}  open this in a browser and press Subscribe");
    println!("This example is not hardened: for learning on this machine only.");
    for request in server.incoming_requests() {
        if let Err(error) = answer(&app, request) {
            eprintln!("barebones: error: {error}");
        }
    }
    Ok(())
}

/// Article: what Python's HTTP server does by itself: it finds the file or the CGI script that a request names.
fn answer(app: &App, request: Request) -> Result<(), Error> {
    let (method, path) = (request.method().clone(), request.url().to_owned());
    match (method, path.as_str()) {
        (Method::Get, "/") => send_file(request, "index.html", "text/html"),
        (Method::Get, "/sw.js") => send_file(request, "sw.js", "text/javascript"),
        // Article: the public key is written into index.html, line 10. Here the page fetches it, so that the two cannot differ.
        (Method::Get, "/vapid-public-key") => Ok(request.respond(Response::from_string(app.key.public_key()))?),
        (Method::Post, "/add-subscription") => add_subscription(app, request),
        _ => Ok(request.respond(Response::from_string("not found").with_status_code(404))?),
    }
}

fn send_file(request: Request, name: &str, media_type: &str) -> Result<(), Error> {
    let header = Header::from_bytes("Content-Type", media_type).map_err(|()| "not a header")?;
    Ok(request.respond(Response::from_string(fs::read_to_string(format!("{FOLDER}/{name}"))?).with_header(header))?)
}

/// Article: cgi-bin/subscription.py: stores what the page posts, then sends the first notification.
fn add_subscription(app: &App, mut request: Request) -> Result<(), Error> {
    let (status, text) = match store_and_push(app, &mut request) {
        Ok(text) => (201, text),
        Err(error) => (400, error.to_string()),
    };
    println!("{text}");
    Ok(request.respond(Response::from_string(text).with_status_code(status))?)
}

fn store_and_push(app: &App, request: &mut Request) -> Result<String, Error> {
    let mut json = String::new();
    request.as_reader().read_to_string(&mut json)?;
    let subscription = Subscription::from_json(&json)?;
    app.store.add(&subscription)?;
    push(app, &subscription, "Hello from barebones", "This is the first notification.")
}

/// Article: cgi-bin/sendNotification.py, and inside it the call of webpush(). The command `notify` does the same.
fn push(app: &App, subscription: &Subscription, title: &str, body: &str) -> Result<String, Error> {
    let message = Message::new(Notification::new(title, body).payload());
    // Encrypts for this browser alone (RFC 8291) and signs with the VAPID key (RFC 8292). The article's claims are set here:
    // sub is the contact, aud the push service, exp in 12 hours.
    let request = PushRequest::new(&message, subscription, &app.key)?;
    // Posts it to the endpoint (RFC 8030). The push service wakes the browser, and the browser wakes sw.js.
    let start = Instant::now();
    let result = app.client.send(&request);
    Ok(PushResult::sent(subscription.endpoint(), result, start.elapsed(), Interface::Page).says)
}
