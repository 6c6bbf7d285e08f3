//! Many clients, slow clients, floods and load against the real server under 1024 descriptors: it goes on serving.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::client::Client;
use crate::support::program::{LIMIT, Program, Running};
use crate::support::wire::{self, Wire};
use push_service_fixture::PushService;
use serde_json::json;
use tempfile::TempDir;

const SCHEMES: [&str; 2] = ["http", "https"];
const SECOND: Duration = Duration::from_secs(1);
/// What the server may take at its worst.
const MIB_MAX: usize = 64;

/// The real server, allowed 1024 descriptors.
struct House {
    folder: TempDir,
    server: Running,
}

impl House {
    fn new(arguments: &[&str]) -> House {
        // The test's own limit, for its many clients; the server's is lowered below.
        barepush::http::raise_descriptor_limit();
        let folder = tempfile::tempdir().unwrap();
        let server = Program::new("sh", folder.path())
            .args(["-c", "ulimit -n 1024; exec \"$0\" -q --port 0 --http-port 0 \"$@\""])
            .arg(env!("CARGO_BIN_EXE_server"))
            .args(arguments)
            .spawn();
        let house = House { folder, server };
        house.answers_within_a_second("nothing");
        house
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("keys/tls_cert.pem")
    }

    fn open(&self, scheme: &str) -> Wire {
        Wire::open(&self.server.url(scheme), &self.certificate())
    }

    fn connect(&self, scheme: &str) -> std::net::TcpStream {
        wire::connect(&self.server.url(scheme))
    }

    /// A request, without the blank line that ends its head.
    fn request(&self, scheme: &str, line: &str) -> String {
        let url = self.server.url(scheme);
        let host = url.split('/').next_back().unwrap();
        format!("{line} HTTP/1.1\r\nHost: {host}\r\n")
    }

    fn get(&self, scheme: &str) -> String {
        self.request(scheme, "GET /") + "\r\n"
    }

    fn answers_within_a_second(&self, beside: &str) {
        for scheme in SCHEMES {
            let asked = Instant::now();
            let answer = self.open(scheme).ask(self.get(scheme));
            let took = asked.elapsed();
            assert_eq!(answer.status, 200, "{scheme} beside {beside}");
            assert!(took < SECOND, "{scheme} beside {beside}: {took:?}");
        }
    }

    /// A line of /proc/PID/status, in KiB.
    fn kib(&self, name: &str) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let digits = line.unwrap().trim().trim_end_matches(" kB");
        digits.parse().unwrap()
    }

    fn count(&self, what: &str) -> usize {
        let folder = format!("/proc/{}/{what}", self.server.pid());
        fs::read_dir(folder).unwrap().count()
    }

    /// Open descriptors and threads.
    fn counts(&self) -> (usize, usize) {
        (self.count("fd"), self.count("task"))
    }

    /// Connections of clients that the server holds open, by the system's own table.
    fn connections(&self) -> usize {
        let ports = SCHEMES.map(|scheme| {
            let url = self.server.url(scheme);
            let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
            format!(":{port:04X}")
        });
        const ESTABLISHED: &str = "01";
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let open = |line: &&str| {
            let mut columns = line.split_whitespace().skip(1);
            let (local, state) = (columns.next().unwrap(), columns.nth(1).unwrap());
            state == ESTABLISHED && ports.iter().any(|port| local.ends_with(port))
        };
        table.lines().filter(open).count()
    }

    /// Waits until the server has closed every connection.
    fn is_empty(&self) {
        let late = Instant::now() + LIMIT;
        while self.connections() > 0 {
            assert!(Instant::now() < late, "{} still here", self.connections());
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn is_as_before(&self, (descriptors, threads): (usize, usize), limit: Duration) {
        let late = Instant::now() + limit;
        loop {
            let now = self.counts();
            if now.0 <= descriptors && now.1 <= threads {
                return;
            }
            assert!(
                Instant::now() < late,
                "{now:?} descriptors and threads after {limit:?}, before {descriptors}, {threads}"
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn stayed_small(&self) {
        let peak = self.kib("VmHWM:") / 1024;
        println!("{peak} MiB at most");
        assert!(peak < MIB_MAX, "{peak} MiB");
    }
}

#[test]
fn many_connections_keep_nobody_out_and_leave_nothing_behind() {
    let house = House::new(&[]);
    let before = house.counts();
    println!("before: {before:?} descriptors and threads");
    let idle: Vec<_> = (0..500).map(|_| house.open("https")).collect();
    house.answers_within_a_second("500 idle TLS connections");
    let half_sent: Vec<_> = (0..500)
        .map(|index| {
            let mut client = house.connect(SCHEMES[index % 2]);
            // It may be closed already, to make room for another one.
            let _ = client.write_all(b"GET / HTTP/1.1\r\nHo");
            client
        })
        .collect();
    house.answers_within_a_second("500 half-sent requests more");
    let silent: Vec<_> = (0..500).map(|_| house.connect("http")).collect();
    house.answers_within_a_second("500 silent connections more");
    println!("inside: {:?} descriptors and threads", house.counts());
    drop((idle, half_sent, silent));
    house.is_as_before(before, SECOND);
    for scheme in SCHEMES {
        let silent: Vec<_> = (0..1100).map(|_| house.connect(scheme)).collect();
        house.answers_within_a_second("1,100 silent connections");
        drop(silent);
        house.is_as_before(before, SECOND);
    }
    house.stayed_small();
}

#[test]
fn a_post_of_100_mib_is_refused_at_once_and_costs_no_memory() {
    const MIB: usize = 1024 * 1024;
    let house = House::new(&[]);
    let before = house.counts();
    for scheme in SCHEMES {
        for length in [100 * MIB, 4] {
            let line = house.request(scheme, "POST /notify-all");
            let mut client = house.open(scheme);
            let head = format!("{line}Content-Length: {length}\r\n\r\n");
            client.write_all(head.as_bytes()).unwrap();
            let megabyte = vec![b'y'; MIB];
            // The server answers, reads on for a second, then closes: the flood ends in an error or unread.
            let sent = (0..100).take_while(|_| client.write_all(&megabyte).is_ok());
            let sent = sent.count();
            house.answers_within_a_second("100 MiB");
            println!("{scheme} {length}: {sent} MiB sent");
        }
        let line = house.request(scheme, "POST /notify-all");
        let head = format!("{line}Content-Length: {}\r\n\r\n", 100 * MIB);
        assert_eq!(house.open(scheme).ask(head).status, 413);
    }
    house.is_as_before(before, LIMIT);
    house.stayed_small();
}

/// One byte a second, and answers never taken: both end by the server's limits of 10 s, beside which it serves.
#[test]
fn clients_that_drip_or_never_read_are_cut_off_while_others_are_served() {
    let house = House::new(&[]);
    let before = house.counts();
    let start = Instant::now();
    let never: Vec<_> = (0..10)
        .map(|index| {
            let scheme = SCHEMES[index % 2];
            let mut client = house.open(scheme);
            let many = house.get(scheme).repeat(50);
            // More answers than the buffers of two sockets hold; the last requests may not even be taken.
            let patience = Some(Duration::from_millis(20));
            client.tcp().set_write_timeout(patience).unwrap();
            let _ = (0..20).try_for_each(|_| client.write_all(many.as_bytes()));
            client
        })
        .collect();
    house.answers_within_a_second("10 clients that never read");
    let mut drips: Vec<_> = (0..100).map(|index| house.open(SCHEMES[index % 2])).collect();
    let head = house.get("http");
    for byte in head.bytes().take(10) {
        for drip in &mut drips {
            drip.write_all(&[byte]).unwrap();
            drip.flush().unwrap();
        }
        house.answers_within_a_second("100 drips");
        let next = Instant::now() + SECOND;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    for mut drip in drips {
        let answer = String::from_utf8(drip.rest()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer:?}");
    }
    house.is_empty();
    println!("all cut off after {:?}", start.elapsed());
    for mut client in never {
        // What was on its way still comes, then the end: far from all that was asked for.
        let came = client.rest();
        let answers = came.windows(12).filter(|it| it == b"HTTP/1.1 200").count();
        assert!(answers < 1000, "{answers} answers");
    }
    house.is_as_before(before, LIMIT);
    house.stayed_small();
}

/// What the server takes at one moment of a load.
#[derive(Debug, Clone, Copy)]
struct Sample {
    kib: usize,
    descriptors: usize,
    threads: usize,
}

/// GET / over both listeners as fast as it goes, beside 50 subscriptions that come and go a second.
fn mixed_load(length: Duration) {
    let service = PushService::start();
    let house = House::new(&["--allow-push-service", service.origin()]);
    let before = house.counts();
    let (over, gets, pairs) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let slowest = std::sync::Mutex::new(Duration::ZERO);
    let (start, mut samples) = (Instant::now(), Vec::new());
    thread::scope(|scope| {
        for scheme in SCHEMES.repeat(2) {
            scope.spawn({
                let (house, over, gets, slowest) = (&house, &over, &gets, &slowest);
                move || {
                    let (mut wire, get) = (house.open(scheme), house.get(scheme));
                    while !over.load(Ordering::Relaxed) {
                        let asked = Instant::now();
                        assert_eq!(wire.ask(&get).status, 200);
                        let mut slowest = slowest.lock().unwrap();
                        *slowest = asked.elapsed().max(*slowest);
                        gets.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        for _ in 0..4 {
            scope.spawn(|| {
                let page = Client::new(&house.server.url("http"));
                while !over.load(Ordering::Relaxed) {
                    // 50 pairs a second, shared by the four threads.
                    let pair = pairs.fetch_add(1, Ordering::Relaxed) as u32;
                    let moment = start + pair * SECOND / 50;
                    thread::sleep(moment.saturating_duration_since(Instant::now()));
                    let browser = service.subscribe(None);
                    let added = page.post("/add-subscription", &browser.json);
                    assert_eq!(added.status, 201, "{}", added.text);
                    assert_eq!(added.json()["push"]["accepted"], true, "{}", added.text);
                    let by = json!({"endpoint": browser.endpoint}).to_string();
                    let removed = page.post("/remove-subscription", &by);
                    assert_eq!(removed.status, 200, "{}", removed.text);
                }
            });
        }
        while start.elapsed() < length {
            thread::sleep(SECOND / 4);
            samples.push(Sample {
                kib: house.kib("VmRSS:"),
                descriptors: house.count("fd"),
                threads: house.count("task"),
            });
        }
        over.store(true, Ordering::Relaxed);
    });
    let seconds = start.elapsed().as_secs_f64();
    let third = samples.len() / 3;
    let most = |samples: &[Sample]| Sample {
        kib: samples.iter().map(|it| it.kib).max().unwrap(),
        descriptors: samples.iter().map(|it| it.descriptors).max().unwrap(),
        threads: samples.iter().map(|it| it.threads).max().unwrap(),
    };
    let (first, last) = (most(&samples[..third]), most(&samples[2 * third..]));
    println!(
        "{seconds:.0} s: {:.0} GET/s, the slowest {:?}, {:.1} subscriptions come and gone a second; \
         first third {first:?}, last third {last:?}, before {before:?}, peak {} KiB",
        gets.into_inner() as f64 / seconds,
        slowest.into_inner().unwrap(),
        pairs.into_inner() as f64 / seconds,
        house.kib("VmHWM:"),
    );
    assert!(last.kib <= first.kib + 4 * 1024, "memory grows");
    assert!(last.descriptors <= first.descriptors + 8, "descriptors grow");
    assert!(last.threads <= first.threads + 8, "threads grow");
    let stored = fs::read_to_string(house.folder.path().join("subscription.txt")).unwrap();
    assert_eq!(stored, "");
    // The pool keeps the connections to tiny_http that it needed at once: three descriptors and a thread each.
    house.is_as_before((before.0 + 3 * 8, before.1 + 8), LIMIT);
    house.stayed_small();
}

#[test]
fn fifteen_seconds_of_mixed_load_meet_no_error_and_leave_memory_and_descriptors_flat() {
    mixed_load(Duration::from_secs(15));
}

#[test]
#[ignore = "takes 10 minutes"]
fn ten_minutes_of_mixed_load_meet_no_error_and_leave_memory_and_descriptors_flat() {
    mixed_load(Duration::from_secs(600));
}
