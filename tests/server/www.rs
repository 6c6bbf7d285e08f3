//! `--www DIR`: any folder as the page's, read from disk at each request, and nothing but what lies in it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::client::Client;
use crate::support::program::{Running, server};
use tempfile::TempDir;

/// A page's folder of one's own beside the data folder, and a server that serves it.
fn scene() -> (TempDir, Running, Client) {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("page/index.html"), "<script>alert('inline')</script>");
    let server = server(folder.path()).args(["--www", "page"]).spawn();
    let client = Client::new(&server.url("http"));
    (folder, server, client)
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_folder_of_ones_own_is_the_page_with_no_policy_but_its_own() {
    let (folder, server, client) = scene();
    let page = client.get("/");
    assert_eq!((page.status, page.text.as_str()), (200, "<script>alert('inline')</script>"));
    assert_eq!(page.header("content-security-policy"), "frame-ancestors 'none'");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let shown = folder.path().join("page").canonicalize().unwrap();
    server.line(|line| line == format!("serving the page in {}: a reload shows an edit", shown.display()));
    assert_eq!(client.get("/page.js").status, 404, "a file of our own page");
    assert_eq!(client.get("/status").status, 200, "the routes stay");
}

#[test]
fn an_edit_is_seen_at_the_next_request() {
    let (folder, _server, client) = scene();
    let before = client.get("/");
    assert_eq!(client.send("GET", "/", &[("if-none-match", before.header("etag"))], "").status, 304);
    write(&folder.path().join("page/index.html"), "edited");
    let after = client.send("GET", "/", &[("if-none-match", before.header("etag"))], "");
    assert_eq!((after.status, after.text.as_str()), (200, "edited"));
    write(&folder.path().join("page/new.js"), "1");
    assert_eq!(client.get("/new.js").text, "1");
    fs::remove_file(folder.path().join("page/new.js")).unwrap();
    assert_eq!(client.get("/new.js").status, 404);
}

#[test]
fn each_file_has_the_type_that_browsers_want() {
    let (folder, _server, client) = scene();
    for (file, media_type) in [
        ("a.html", "text/html; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.txt", "text/plain; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.webmanifest", "application/manifest+json"),
        ("a.wasm", "application/wasm"),
        ("a.svg", "image/svg+xml"),
        ("a.png", "image/png"),
        ("a.jpg", "image/jpeg"),
        ("A.JPEG", "image/jpeg"),
        ("a.webp", "image/webp"),
        ("a.ico", "image/x-icon"),
        ("a.woff2", "font/woff2"),
        ("a.ttf", "font/ttf"),
        ("a.unknown", "application/octet-stream"),
        ("none", "application/octet-stream"),
    ] {
        write(&folder.path().join("page/deep/er").join(file), "x");
        let got = client.get(&format!("/deep/er/{file}"));
        assert_eq!((got.status, got.header("content-type"), got.text.as_str()), (200, media_type, "x"), "{file}");
    }
}

#[test]
fn a_folder_shows_its_index_html_at_the_path_that_relative_urls_need() {
    let (folder, _server, client) = scene();
    write(&folder.path().join("page/lesson/index.html"), "lesson");
    fs::create_dir(folder.path().join("page/empty")).unwrap();
    assert_eq!(client.get("/lesson/").text, "lesson");
    assert_eq!(client.get("/lesson").text, "lesson", "by a redirect");
    assert_eq!(client.get("/empty/").status, 404);
    assert_eq!(client.send("POST", "/lesson/", &[], "").status, 405);
}

#[test]
fn nothing_hidden_and_nothing_outside_is_served() {
    let (folder, _server, client) = scene();
    let page = folder.path().join("page");
    write(&folder.path().join("secret"), "SECRET");
    write(&page.join(".env"), "SECRET");
    write(&page.join(".git/config"), "SECRET");
    write(&page.join("within"), "within");
    write(&page.join("name with spaces"), "SECRET");
    for (target, link) in [
        ("../secret", "link-to-file"),
        ("..", "link-to-folder"),
        ("/etc", "link-to-etc"),
        (".git", "link-to-hidden"),
        ("loop", "loop"),
        ("within", "link-within"),
    ] {
        symlink(target, page.join(link)).unwrap();
    }
    nix::unistd::mkfifo(&page.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(client.get("/link-within").text, "within");
    for path in [
        "/.env",
        "/.git/config",
        "/../secret",
        "/%2e%2e/secret",
        "/link-to-file",
        "/link-to-folder/secret",
        "/link-to-folder/subscription.txt",
        "/link-to-folder/keys/vapid_private.pem",
        "/link-to-folder/",
        "/link-to-etc/passwd",
        "/link-to-hidden/config",
        "/pipe",
        "/name%20with%20spaces",
        "/within/",
        "/within/more",
        "//etc/passwd",
        &format!("/{}", "long".repeat(100)),
    ] {
        let got = client.get(path);
        assert_eq!(got.status, 404, "{path}");
        assert!(!got.text.contains("SECRET"), "{path}");
    }
    let looped = client.get("/loop");
    assert_eq!(looped.status, 500);
    assert!(looped.json()["error"].as_str().unwrap().starts_with("cannot read this file: "), "{}", looped.text);
}

#[test]
fn a_file_too_large_to_be_passed_on_is_reported() {
    let (folder, _server, client) = scene();
    let file = fs::File::create(folder.path().join("page/film.mp4")).unwrap();
    for (bytes, status) in [(15 * 1024 * 1024, 200), (15 * 1024 * 1024 + 1, 500)] {
        file.set_len(bytes).unwrap();
        let got = client.send("HEAD", "/film.mp4", &[], "");
        assert_eq!(got.status, status, "{bytes}");
    }
    let got = client.get("/film.mp4").json();
    assert_eq!(got, serde_json::json!({"error": "this file is too large", "hint": "serve files of at most 15 MiB"}));
}

#[test]
fn a_folder_that_is_not_a_page_or_contains_secrets_is_refused_before_a_socket_opens() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("index.html"), "page");
    write(&folder.path().join("site/index.html"), "page");
    fs::create_dir(folder.path().join("empty")).unwrap();
    write(&folder.path().join("keys/index.html"), "page");
    let no_index = "server: hint: give --www the folder that your index.html is in\n";
    let secrets = "server: hint: move the page into a folder of its own, or give another --data-dir\n";
    for (arguments, error) in [
        (
            &["--www", "missing"][..],
            "server: error: cannot read the page's folder missing: No such file or directory (os error 2)\n\
             server: hint: give --www a folder that exists\n"
                .to_owned(),
        ),
        (&["--www", "empty"], format!("server: error: the page's folder empty has no index.html\n{no_index}")),
        (
            &["--www", "index.html"],
            format!("server: error: the page's folder index.html has no index.html\n{no_index}"),
        ),
        (&["--www", "."], format!("server: error: the page's folder . would serve the secrets in keys\n{secrets}")),
        (
            &["--www", "keys"],
            format!("server: error: the page's folder keys would serve the secrets in keys\n{secrets}"),
        ),
        (
            &["--www", "site", "--data-dir", "site/data"],
            format!("server: error: the page's folder site would serve the secrets in site/data/keys\n{secrets}"),
        ),
    ] {
        server(folder.path()).args(arguments).run().is(1, "", &error);
    }
}
