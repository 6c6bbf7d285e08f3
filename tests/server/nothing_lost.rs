//! Nothing is lost: killed programs, full and read-only disks, held locks, open keys, expired and half-written certificates.
#![cfg(unix)]

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::fixture::TestServer;
use crate::support::client::Client;
use crate::support::program::{LIMIT, Program, notify, server};
use barepush::push::Subscription;
use barepush::store::Store;
use push_service_fixture::{PushService, TestSubscription, answer};
use serde_json::json;

/// `program` without root's right to write where the mode forbids it; a user never has it.
fn as_user(program: &str, folder: &Path) -> Program {
    let script = "if [ \"$(id -u)\" = 0 ]; then exec setpriv --bounding-set=-all --inh-caps=-all \"$0\" \"$@\"; fi; exec \"$0\" \"$@\"";
    Program::new("sh", folder).args(["-c", script, program])
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

// ---- Killed at any moment ----

/// What the server and notify acknowledged, by endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// 200 or 201 to add-subscription.
    Stored,
    /// 200 to remove-subscription.
    Removed,
    /// Asked for, but killed before it was answered: either way is right.
    Unknown,
}

/// Numbers that look random: each run tries other moments.
struct Dice(u64);

impl Dice {
    fn new() -> Dice {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Dice(since.unwrap().as_nanos() as u64 | 1)
    }

    fn below(&mut self, bound: u64) -> u64 {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

const WRITES: usize = 1000;
const SERVER_KILLS: usize = 8;

/// What all threads of the test share.
struct Scene<'s> {
    folder: &'s Path,
    service: &'s PushService,
    /// Where the server of this moment is.
    url: Mutex<String>,
    /// Endpoints that are answered with 201.
    kept: Mutex<HashMap<String, Fate>>,
    /// The lines of subscriptions that are answered with 410.
    expired: Mutex<Vec<String>>,
    writes: AtomicUsize,
    over: AtomicBool,
}

/// Ends the other threads, also when this one panics.
struct Ending<'s>(&'s AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Scene<'_> {
    /// Posts to whichever server runs; `None` when it was killed meanwhile.
    fn post(&self, path: &str, body: &str) -> Option<u16> {
        let url = self.url.lock().unwrap().clone();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(LIMIT))
            .proxy(None)
            .build()
            .new_agent();
        let post = agent.post(format!("{url}{path}"));
        let answer = post.content_type("application/json").send(body);
        answer.ok().map(|answer| answer.status().as_u16())
    }

    /// Posts; when the server is killed meanwhile, waits for the next one.
    fn acknowledged(&self, path: &str, body: &str) -> Option<u16> {
        let asked = self.url.lock().unwrap().clone();
        let answer = self.post(path, body);
        match answer {
            Some(_) => _ = self.writes.fetch_add(1, Ordering::Relaxed),
            None => {
                let late = Instant::now() + LIMIT;
                while *self.url.lock().unwrap() == asked {
                    assert!(Instant::now() < late, "no server any more");
                    thread::sleep(Duration::from_millis(5));
                }
            }
        }
        answer
    }

    /// Subscribes, subscribes again and unsubscribes until enough was written.
    fn write(&self, dice: &mut Dice) {
        let mut mine: Vec<TestSubscription> = Vec::new();
        let remember = |endpoint: &str, fate| {
            let mut kept = self.kept.lock().unwrap();
            kept.insert(endpoint.to_owned(), fate);
        };
        while self.writes.load(Ordering::Relaxed) < WRITES {
            if mine.len() < 2 || dice.below(8) == 0 {
                let browser = self.service.subscribe(None);
                let fate = match self.acknowledged("/add-subscription", &browser.json) {
                    Some(201) => Fate::Stored,
                    Some(other) => panic!("{other} to a subscription"),
                    None => Fate::Unknown,
                };
                remember(&browser.endpoint, fate);
                if fate == Fate::Stored {
                    mine.push(browser);
                }
            } else if mine.len() > 4 {
                let browser = mine.remove(0);
                let by = json!({"endpoint": browser.endpoint}).to_string();
                let fate = match self.acknowledged("/remove-subscription", &by) {
                    Some(200) => Fate::Removed,
                    // Known to be stored, so it must be found.
                    Some(other) => panic!("{other} to a removal"),
                    None => Fate::Unknown,
                };
                remember(&browser.endpoint, fate);
            } else {
                // It stays stored, however this ends.
                let again = &mine[dice.below(mine.len() as u64) as usize];
                let answer = self.acknowledged("/add-subscription", &again.json);
                assert!(matches!(answer, Some(200) | None), "{answer:?}");
            }
        }
    }

    /// Stores subscriptions that the push service no longer knows and lets notify find that out; kills it at random, too.
    fn expire(&self, dice: &mut Dice) {
        while !self.over.load(Ordering::Relaxed) {
            let browser = self.service.subscribe(None);
            // The first notification is accepted, so that notify is the first to find it expired.
            let mut acknowledged = matches!(self.post("/add-subscription", &browser.json), Some(200 | 201));
            if acknowledged {
                self.expired.lock().unwrap().push(browser.json.clone());
            }
            self.service.answer_for(&browser, answer::status(410));
            // Again, until it was the newest when notify looked.
            while !self.over.load(Ordering::Relaxed) {
                let answer = self.post("/add-subscription", &browser.json);
                if matches!(answer, Some(200 | 201)) && !acknowledged {
                    self.expired.lock().unwrap().push(browser.json.clone());
                    acknowledged = true;
                }
                let notify = notify(self.folder).args(["--no-retry", "x"]).spawn();
                if dice.below(2) == 0 {
                    // The moment is what is random here; dropping kills.
                    thread::sleep(Duration::from_micros(dice.below(60_000)));
                    drop(notify);
                } else {
                    let code = notify.wait().code;
                    // Accepted when another browser subscribed meanwhile; 3 when none is stored.
                    assert!(matches!(code, Some(0 | 3 | 5)), "{code:?}");
                    if code == Some(5) {
                        break;
                    }
                }
            }
        }
    }

    /// Reads the file over and over: at no moment is it anything but whole.
    fn watch(&self) -> usize {
        let (store, mut seen) = (Store::new(self.folder.join("subscription.txt")), 0);
        while !self.over.load(Ordering::Relaxed) {
            for entry in store.read().into_iter().flatten().flatten() {
                assert!(entry.unwrap().subscription().is_ok());
                seen += 1;
            }
            thread::sleep(Duration::from_millis(20));
        }
        seen
    }
}

#[test]
fn programs_killed_during_a_thousand_writes_lose_nothing_acknowledged() {
    let (folder, service) = (tempfile::tempdir().unwrap(), PushService::start());
    let start = || server(folder.path()).args(["-q", "--allow-push-service", service.origin()]).spawn();
    let first = start();
    let scene = Scene {
        folder: folder.path(),
        service: &service,
        url: Mutex::new(first.url("http")),
        kept: Mutex::default(),
        expired: Mutex::default(),
        writes: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    };
    let (mut dice, mut running) = (Dice::new(), Some(first));
    thread::scope(|scope| {
        let ending = Ending(&scene.over);
        let watcher = scope.spawn(|| scene.watch());
        let scene = &scene;
        let mut seed = || Dice(dice.below(u64::MAX) | 1);
        let writers: Vec<_> = (0..3)
            .map(|_| {
                let mut dice = seed();
                scope.spawn(move || scene.write(&mut dice))
            })
            .collect();
        let mut other = seed();
        scope.spawn(move || scene.expire(&mut other));
        for kill in 1..=SERVER_KILLS {
            let late = Instant::now() + Duration::from_secs(120);
            while scene.writes.load(Ordering::Relaxed) < kill * WRITES / (SERVER_KILLS + 1) {
                assert!(Instant::now() < late && writers.iter().any(|it| !it.is_finished()));
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(Duration::from_micros(dice.below(30_000)));
            println!("kill {kill} at {} writes", scene.writes.load(Ordering::Relaxed));
            drop(running.take()); // SIGKILL
            let next = start();
            *scene.url.lock().unwrap() = next.url("http");
            running = Some(next);
        }
        for writer in writers {
            writer.join().unwrap();
        }
        drop(ending);
        assert!(watcher.join().unwrap() > 0);
    });
    // One more write by each, unhurt: what the dead left behind is cleared away.
    let store = Store::new(folder.path().join("subscription.txt"));
    let last = service.subscribe(None);
    store.add(&Subscription::from_json(&last.json).unwrap()).unwrap();
    let running = running.unwrap();
    running.terminate();
    assert_eq!(running.wait().code, Some(0));

    let lines = |name| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    let (stored, moved) = (lines("subscription.txt"), lines("subscription.txt.gone"));
    let mut endpoints = HashMap::<String, usize>::new();
    for line in stored.lines() {
        let subscription = Subscription::from_json(line).expect("a whole line");
        *endpoints.entry(subscription.endpoint().as_str().to_owned()).or_default() += 1;
    }
    assert!(endpoints.values().all(|times| *times == 1), "a line stands twice");
    let (kept, expired) = (scene.kept.into_inner().unwrap(), scene.expired.into_inner().unwrap());
    for (endpoint, fate) in &kept {
        match fate {
            Fate::Stored => assert!(endpoints.contains_key(endpoint), "an acknowledged subscription is lost"),
            Fate::Removed => assert!(!endpoints.contains_key(endpoint), "a removed one is back"),
            Fate::Unknown => {}
        }
    }
    for line in &expired {
        let found = stored.lines().chain(moved.lines()).any(|it| it == line);
        assert!(found, "a moved line is lost");
    }
    for line in moved.lines() {
        Subscription::from_json(line).expect("a whole line");
    }
    let of = |fate| kept.values().filter(|it| **it == fate).count();
    println!(
        "{} stored, {} removed, {} cut off, {} expired, {} lines moved",
        of(Fate::Stored),
        of(Fate::Removed),
        of(Fate::Unknown),
        expired.len(),
        moved.lines().count()
    );
    assert!(of(Fate::Stored) > 0 && of(Fate::Removed) > 0 && moved.lines().count() > 0);
    assert_eq!(names(folder.path()), ["keys", "subscription.txt", "subscription.txt.gone", "subscription.txt.lock"]);
}

// ---- What killed programs leave behind ----

#[test]
fn a_killed_server_leaves_nothing_in_the_folder_of_temp_files_and_removes_nothing_there() {
    let folder = tempfile::tempdir().unwrap();
    let temp = folder.path().join("temp");
    fs::create_dir_all(temp.join("barepush-chrome/Default")).unwrap();
    fs::write(temp.join("barepush-http"), "a file").unwrap();
    let start = || {
        let running = server(folder.path()).env("TMPDIR", &temp).spawn();
        running.url("http");
        running
    };
    let (killed, living) = (start(), start());
    drop(killed);
    assert_eq!(names(&temp), ["barepush-chrome", "barepush-http"]);
    let third = start();
    let page = Client::new(&living.url("http"));
    assert_eq!(page.get("/").status, 200);
    for running in [living, third] {
        running.terminate();
        assert_eq!(running.wait().code, Some(0));
    }
    assert_eq!(names(&temp), ["barepush-chrome", "barepush-http"]);
}

#[test]
fn a_killed_writers_temp_file_goes_with_the_next_write_and_nothing_else_does() {
    let setup = TestServer::http();
    for name in [
        ".barepush-subscription.txt",
        ".barepush-subscription.txt.gone",
        ".barepush-subscription.txt-2",
        ".barepush-vapid_private.pem-AbCd12",
    ] {
        fs::write(setup.file(name), "secret").unwrap();
    }
    setup.add_expired();
    let left: Vec<_> = names(setup.path()).into_iter().filter(|name| name.starts_with(".barepush-")).collect();
    assert_eq!(left, [".barepush-subscription.txt-2", ".barepush-vapid_private.pem-AbCd12"]);
}

// ---- Disks, modes, links, locks ----

#[test]
fn a_read_only_folder_is_reported_and_loses_nothing() {
    let setup = TestServer::http();
    setup.add_expired();
    let before = setup.read("subscription.txt");
    let TestServer { folder, service, server: running, .. } = setup;
    drop(running);
    let folder = folder.path();
    set_mode(folder, 0o555);
    // Its own temp files are not the point here.
    let temp = tempfile::tempdir().unwrap();
    let server = as_user(env!("CARGO_BIN_EXE_server"), folder)
        .args(["--port", "0", "--http-port", "0", "--allow-push-service", service.origin()])
        .env("TMPDIR", temp.path())
        .spawn();
    let page = Client::new(&server.url("http"));
    let got = page.post("/add-subscription", &service.subscribe(None).json);
    let expected = json!({
        "error": "cannot write subscription.txt: Permission denied (os error 13)",
        "hint": "check that the disk has room and who may write to the folder; nothing was lost",
    });
    assert_eq!((got.status, got.json()), (500, expected));
    assert_eq!(page.get("/status").json()["stored"], 1);
    let finished = as_user(env!("CARGO_BIN_EXE_notify"), folder).arg("x").run();
    set_mode(folder, 0o755);
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("cannot write subscription.txt.gone: Permission denied (os error 13)"),
        "{}",
        finished.stderr
    );
    assert!(!folder.join("subscription.txt.gone").exists());
    assert_eq!(fs::read_to_string(folder.join("subscription.txt")).unwrap(), before);
}

#[test]
fn a_full_disk_keeps_an_expired_subscription_where_it_was() {
    let setup = TestServer::http();
    setup.add_expired();
    let before = setup.read("subscription.txt");
    let limited = "trap '' XFSZ; ulimit -f 0; exec \"$0\" x";
    let finished = Program::new("sh", setup.path()).args(["-c", limited, env!("CARGO_BIN_EXE_notify")]).run();
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("cannot write subscription.txt.gone: File too large (os error 27)"),
        "{}",
        finished.stderr
    );
    assert_eq!(setup.read("subscription.txt"), before);
    assert!(!setup.file("subscription.txt.gone").exists());
}

#[test]
fn a_folder_in_the_files_place_is_reported_and_the_page_is_served() {
    let setup = TestServer::http();
    fs::create_dir(setup.file("subscription.txt")).unwrap();
    setup.service.expect_no_calls();
    let error = "cannot read subscription.txt: Is a directory (os error 21)";
    let browser = setup.service.subscribe(None);
    for got in [
        setup.page.get("/status"),
        setup.page.post("/add-subscription", &browser.json),
        setup.page.post("/notify-all", "{}"),
    ] {
        assert_eq!((got.status, &got.json()["error"]), (500, &json!(error)));
    }
    assert_eq!(setup.page.get("/").status, 200);
    notify(setup.path()).run().is(
        1,
        "",
        "notify: error: cannot read subscription.txt: Is a directory (os error 21)\n\
         notify: hint: check who may read subscription.txt, and that it is a file\n",
    );
}

#[test]
fn a_list_that_is_a_link_a_pipe_or_stdin_is_not_changed_and_that_is_reported() {
    let setup = TestServer::http();
    setup.add_expired();
    let folder = setup.path();
    fs::rename(setup.file("subscription.txt"), setup.file("people.txt")).unwrap();
    fs::remove_file(setup.file("subscription.txt.lock")).unwrap();
    std::os::unix::fs::symlink("people.txt", setup.file("link.txt")).unwrap();
    let before = (setup.read("people.txt"), names(folder));
    for (list, script) in [
        ("link.txt", "exec \"$0\" --subscriptions link.txt x"),
        ("/dev/stdin", "exec \"$0\" --subscriptions /dev/stdin x < people.txt"),
        (
            "pipe",
            "mkfifo pipe; cat people.txt > pipe & \"$0\" --subscriptions pipe x; code=$?; test -p pipe && rm pipe; exit $code",
        ),
    ] {
        let ended = Program::new("sh", folder).args(["-c", script, env!("CARGO_BIN_EXE_notify")]).run();
        assert_eq!(ended.code, Some(5), "{list}: {}", ended.stderr);
        let note = format!("notify: note: {list} is not a regular file, so it is not changed\n");
        assert!(ended.stderr.contains(&note), "{list}: {}", ended.stderr);
        assert_eq!((setup.read("people.txt"), names(folder)), before, "{list}");
    }
    assert!(setup.file("link.txt").is_symlink());
}

#[test]
fn a_status_that_takes_long_holds_up_no_other_request() {
    let setup = TestServer::http();
    setup.service.expect_no_calls();
    // Opening a pipe takes until another process opens its other end.
    let pipe = setup.file("subscription.txt");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    thread::scope(|scope| {
        let status = scope.spawn(|| Client::new(&setup.server.url("http")).get("/status"));
        // Opening its end for writing succeeds as soon as the server reads, and lets it read on until it is closed.
        let other_end = fs::File::options().write(true).open(&pipe).unwrap();
        for path in ["/", "/vapid-public-key", "/sw.js"] {
            assert_eq!(setup.page.get(path).status, 200, "{path}");
        }
        assert!(!status.is_finished());
        drop(other_end);
        assert_eq!(status.join().unwrap().json()["stored"], 0);
    });
}

#[test]
fn notify_run_by_root_leaves_a_users_files_to_the_user() {
    let setup = TestServer::http();
    setup.add_expired();
    let folder = setup.path();
    // Only root can give files away; anybody else is the user.
    let own = fs::metadata(folder).unwrap();
    let user = if own.uid() == 0 { (1234, 2345) } else { (own.uid(), own.gid()) };
    for path in [folder, &setup.file("subscription.txt"), &setup.file("keys"), &setup.file("keys/vapid_private.pem")] {
        std::os::unix::fs::chown(path, Some(user.0), Some(user.1)).unwrap();
    }
    fs::remove_file(setup.file("subscription.txt.lock")).unwrap();
    assert_eq!(notify(folder).arg("x").run().code, Some(5));
    for name in ["subscription.txt", "subscription.txt.gone", "subscription.txt.lock"] {
        let found = fs::metadata(setup.file(name)).unwrap();
        assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (user.0, user.1, 0o600), "{name}");
    }
}

#[test]
fn a_lock_held_for_long_is_waited_for_5_seconds_while_others_are_served() {
    let setup = TestServer::http();
    setup.add_expired();
    let lock = fs::File::open(setup.file("subscription.txt.lock")).unwrap();
    lock.lock().unwrap();
    let browser = setup.service.subscribe(None);
    thread::scope(|scope| {
        let start = Instant::now();
        let posted = scope.spawn(|| setup.page.post("/add-subscription", &browser.json));
        let finished = scope.spawn(|| notify(setup.path()).arg("x").run());
        while !posted.is_finished() {
            let asked = Instant::now();
            assert_eq!(setup.page.get("/").status, 200);
            assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
            thread::sleep(Duration::from_millis(200));
        }
        let (posted, finished) = (posted.join().unwrap(), finished.join().unwrap());
        let error = "subscription.txt is locked by another process";
        assert_eq!((posted.status, &posted.json()["error"]), (500, &json!(error)));
        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        assert!(finished.stderr.contains(error), "{}", finished.stderr);
        assert!((5..10).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    });
    drop(lock);
    assert_eq!(setup.page.post("/add-subscription", &browser.json).status, 201);
}

#[test]
fn bytes_that_are_no_text_stay_as_they_are_inside_a_usable_line_too() {
    let setup = TestServer::http();
    let line = setup.add_expired().replace("\"expirationTime\":null", "\"note\":\"~\"");
    let mut bytes = line.into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'~').unwrap();
    bytes[at] = 0xff;
    fs::write(setup.file("subscription.txt"), &bytes).unwrap();
    assert_eq!(setup.page.get("/status").json()["stored"], 1);
    setup.add_expired();
    assert!(fs::read(setup.file("subscription.txt")).unwrap().starts_with(&bytes));
}

// ---- Keys ----

#[test]
fn files_with_secrets_are_their_owners_alone_whatever_the_umask() {
    let (folder, service) = (tempfile::tempdir().unwrap(), PushService::start());
    let server = Program::new("sh", folder.path())
        .args(["-c", "umask 0; exec \"$0\" --port 0 --http-port 0 --allow-push-service \"$1\""])
        .args([env!("CARGO_BIN_EXE_server"), service.origin()])
        .spawn();
    let page = Client::new(&server.url("http"));
    page.post("/add-subscription", &service.subscribe(None).json);
    for (name, mode) in [
        ("keys", 0o700),
        ("keys/vapid_private.pem", 0o600),
        ("keys/tls_key.pem", 0o600),
        ("subscription.txt", 0o600),
        ("subscription.txt.lock", 0o600),
    ] {
        let found = fs::metadata(folder.path().join(name)).unwrap().mode() & 0o777;
        assert_eq!(found, mode, "{name}: {found:o}");
    }
    server.terminate();
    assert_eq!(server.wait().stderr.matches("note").count(), 0);
}

#[test]
fn a_missing_data_folder_is_made_at_the_start_although_no_key_is_kept_in_it() {
    let setup = TestServer::http();
    let key = setup.read("keys/vapid_private.pem");
    let server = server(setup.path())
        .args(["--tls-cert", "keys/tls_cert.pem", "--tls-key", "keys/tls_key.pem", "--data-dir", "new/data"])
        .args(["--allow-push-service", setup.service.origin()])
        .env("VAPID_PRIVATE_KEY", key)
        .spawn();
    let page = Client::new(&server.url("http"));
    let added = page.post("/add-subscription", &setup.service.subscribe(None).json);
    assert_eq!(added.status, 201, "{}", added.text);
    assert_eq!(fs::metadata(setup.file("new/data")).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn a_key_that_others_may_use_is_warned_of_by_both_programs() {
    let setup = TestServer::http();
    setup.page.post("/add-subscription", &setup.service.subscribe(None).json);
    let TestServer { folder, server: running, .. } = setup;
    drop(running);
    let folder = folder.path();
    set_mode(&folder.join("keys/vapid_private.pem"), 0o644);
    set_mode(&folder.join("keys/tls_key.pem"), 0o640);
    let note = "others may use the secret in keys/vapid_private.pem (mode 0644): chmod 600 keys/vapid_private.pem\n";
    let started = server(folder).spawn();
    started.url("http");
    started.terminate();
    assert_eq!(
        started.wait().stderr,
        format!(
            "server: note: {note}server: note: others may use the secret in keys/tls_key.pem (mode 0640): chmod 600 keys/tls_key.pem\n"
        )
    );
    let finished = notify(folder).arg("x").run();
    assert_eq!((finished.code, finished.stderr), (Some(0), format!("notify: note: {note}")));
    let quiet = server(folder).arg("-q").spawn();
    quiet.url("http");
    quiet.terminate();
    assert_eq!(quiet.wait().stderr, "");
}

#[test]
fn servers_that_start_at_once_agree_on_one_vapid_key() {
    let folder = tempfile::tempdir().unwrap();
    let servers: Vec<_> = (0..6).map(|_| server(folder.path()).spawn()).collect();
    let keys: Vec<_> =
        servers.iter().map(|server| Client::new(&server.url("http")).get("/vapid-public-key").text).collect();
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[test]
fn an_expired_certificate_is_remade_and_that_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    fs::create_dir(&keys).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut params = rcgen::CertificateParams::new(names).unwrap();
    params.not_before = rcgen::date_time_ymd(2025, 1, 1);
    params.not_after = rcgen::date_time_ymd(2026, 1, 1);
    fs::write(keys.join("tls_cert.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(keys.join("tls_key.pem"), key.serialize_pem()).unwrap();
    let server = server(folder.path()).spawn();
    server.line(|line| line == "made a new certificate, because it had expired or was about to: keys/tls_cert.pem");
    let page = Client::trusting(&server.url("https"), &keys.join("tls_cert.pem"));
    assert_eq!(page.get("/").status, 200);
}

#[test]
fn a_half_written_pair_is_remade_or_reported_and_the_vapid_key_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    server(folder.path()).spawn().url("http");
    let vapid = fs::read(keys.join("vapid_private.pem")).unwrap();
    for half in ["tls_key.pem", "tls_cert.pem"] {
        fs::remove_file(keys.join(half)).unwrap();
        let server = server(folder.path()).spawn();
        server.line(|line| line.starts_with("made a new certificate, because half of the pair was missing"));
    }
    let whole = fs::read(keys.join("tls_cert.pem")).unwrap();
    fs::write(keys.join("tls_cert.pem"), &whole[..whole.len() / 2]).unwrap();
    let finished = server(folder.path()).run();
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""));
    assert!(
        finished.stderr.starts_with("server: error: keys/tls_cert.pem does not contain a certificate in PEM")
            && finished.stderr.ends_with("or delete tls_cert.pem and tls_key.pem to have new ones made\n"),
        "{}",
        finished.stderr
    );
    assert_eq!(fs::read(keys.join("vapid_private.pem")).unwrap(), vapid);
    fs::write(keys.join("vapid_private.pem"), &vapid[..vapid.len() / 2]).unwrap();
    let finished = server(folder.path()).run();
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""));
    assert!(
        finished
            .stderr
            .starts_with("server: error: keys/vapid_private.pem is not a VAPID key: not a P-256 key in PKCS#8 PEM\n"),
        "{}",
        finished.stderr
    );
    assert_eq!(fs::read(keys.join("vapid_private.pem")).unwrap(), vapid[..vapid.len() / 2]);
}
