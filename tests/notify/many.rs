//! `notify --all` and `--subscriptions`: lists, results as they come, retries, stopping, resuming.

use std::time::Duration;

use crate::support::program::{Finished, LIMIT, Program};
use crate::support::sender::Sender;
use push_service_fixture::{PushService, TestSubscription, answer};
use serde_json::Value;

/// The results that --json printed. A blank line first ends one that was cut off before.
fn results(stdout: &str) -> Vec<Value> {
    stdout.trim_start_matches('\n').lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn classes(stdout: &str) -> Vec<String> {
    let mut results = results(stdout);
    results.sort_by_key(|result| result["line"].as_u64());
    results.iter().map(|result| result["class"].as_str().unwrap().to_owned()).collect()
}

/// The summary without its time.
fn summary(ended: &Finished) -> String {
    let line = ended.stderr.lines().find(|line| line.contains(" pushed in ")).unwrap_or_default();
    let (before, after) = line.split_once(" in ").unwrap_or((line, ""));
    let (_, after) = after.split_once(" s").unwrap_or(("", after));
    format!("{before} in N s{after}")
}

fn endpoints(service: &PushService) -> Vec<String> {
    let mut endpoints: Vec<_> = service.received().into_iter().map(|message| message.endpoint.clone()).collect();
    endpoints.sort();
    endpoints
}

fn sorted<'a>(subscriptions: impl IntoIterator<Item = &'a TestSubscription>) -> Vec<String> {
    let mut endpoints: Vec<_> = subscriptions.into_iter().map(|s| s.endpoint.clone()).collect();
    endpoints.sort();
    endpoints
}

#[test]
fn everybody_gets_the_message_once() {
    let (sender, browsers) = Sender::with::<40>();
    let ended = sender.notify().args(["--all", "Sale"]).run();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert_eq!(summary(&ended), "notify: note: 40 pushed in N s: 40 accepted");
    let mut tails: Vec<_> = ended.stdout.lines().filter_map(|line| line.split_once(" ms (201 Created) …")).collect();
    assert!(tails.iter().all(|(start, _)| start.starts_with("accepted by localhost in ")));
    tails.sort_by_key(|(_, tail)| *tail);
    let mut expected: Vec<_> = browsers.iter().map(|browser| browser.tail.as_str()).collect();
    expected.sort();
    assert_eq!(tails.iter().map(|(_, tail)| *tail).collect::<Vec<_>>(), expected);
    assert_eq!(endpoints(&sender.service), sorted(&browsers));
    assert!(sender.service.received().iter().all(|message| message.json()["body"] == "Sale"));
}

#[test]
#[cfg(unix)]
fn a_terminal_shows_how_far_it_is_and_in_the_end_the_summary_alone() {
    let (sender, _) = Sender::with::<3>();
    let list = std::fs::read(sender.path("subscription.txt")).unwrap();
    let notify = || sender.notify().arg("Sale").terminal_for_stderr();
    let from_file = notify().arg("--all").run();
    let from_stdin = notify().args(["--subscriptions", "-"]).stdin(list).run();
    // Where the length of the list is not known, the bar is a spinner, at whatever turn.
    for (ended, drawn) in [(from_file, "█ 100% "), (from_stdin, " ")] {
        assert_eq!(ended.code, Some(0));
        let shown: Vec<_> = ended.stderr.split("\r\u{1b}[2K").collect();
        let (last, before) = shown.split_last().unwrap();
        let counted = format!("{drawn}1 pushed in ");
        let counted = before.iter().filter(|line| line.contains(&counted));
        assert_ne!(counted.count(), 0, "{:?}", ended.stderr);
        assert!(last.starts_with("notify: note: 3 pushed in "), "{last:?}");
        assert_eq!(last.lines().count(), 1, "{last:?}");
        assert!(!ended.stdout.contains('\u{1b}'), "{:?}", ended.stdout);
    }
    notify().args(["--all", "-q"]).run().is(0, "", "");
}

#[test]
fn over_tls_too() {
    let sender = Sender::to(PushService::start_tls());
    let browsers: Vec<_> = (0..8).map(|_| sender.subscribe()).collect();
    let ended = sender.notify().args(["--all", "-q", "--jobs", "3"]).env("SSL_CERT_FILE", sender.service.ca_pem_path());
    ended.run().is(0, "", "");
    assert_eq!(endpoints(&sender.service), sorted(&browsers));
}

#[test]
fn a_list_is_read_from_a_file_or_from_stdin() {
    let (sender, browsers) = Sender::with::<3>();
    let list = std::fs::read(sender.path("subscription.txt")).unwrap();
    std::fs::rename(sender.path("subscription.txt"), sender.path("people")).unwrap();
    sender.notify().args(["--subscriptions", "people", "-q"]).run().is(0, "", "");
    sender.notify().args(["--subscriptions", "-", "-q"]).stdin(list).run().is(0, "", "");
    let twice: Vec<_> = browsers.iter().chain(&browsers).collect();
    assert_eq!(endpoints(&sender.service), sorted(twice));
}

#[test]
fn a_bad_line_is_named_by_its_number_and_skipped() {
    let (sender, [one, two]) = Sender::with();
    let list = format!("{}\nnonsense\n\n[1]\n{}\n", one.json, two.json);
    sender.write("subscription.txt", list.as_bytes());
    let ended = sender.notify().args(["--all", "--json"]).run();
    assert_eq!(ended.code, Some(3));
    assert!(
        ended.stderr.contains("notify: error: subscription.txt line 2: not JSON: it breaks off at line 1, column 2\n")
    );
    assert!(
        ended.stderr.contains("notify: error: subscription.txt line 4: not a PushSubscription: not a JSON object\n")
    );
    assert_eq!(summary(&ended), "notify: note: 2 pushed in N s: 2 accepted; 2 lines unusable");
    let mut lines: Vec<_> = results(&ended.stdout).iter().map(|result| result["line"].as_u64().unwrap()).collect();
    lines.sort();
    assert_eq!(lines, [1, 5]);
    assert_eq!(sender.read("subscription.txt"), list);
}

#[test]
fn a_list_with_nobody_in_it_says_so() {
    let sender = Sender::new();
    sender.service.expect_no_calls();
    let hint = "notify: hint: run cargo run --bin server, open the page and press Subscribe";
    let nobody = "notify: error: nobody has subscribed yet: subscription.txt";
    sender.write("subscription.txt", b"");
    sender.notify().arg("--all").run().is(3, "", &format!("{nobody} is empty\n{hint}\n"));
    sender.write("subscription.txt", b"x");
    sender.notify().arg("--all").run().is(
        3,
        "",
        &format!(
            "notify: error: subscription.txt line 1: not JSON: it breaks off at line 1, column 1\n\
             notify: error: subscription.txt holds no usable subscription\n\
             {hint}; the unusable lines stay where they are\n"
        ),
    );
}

#[test]
fn the_exit_code_is_the_worst_by_what_is_to_be_done() {
    let other_key = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
    for (statuses, with_other_key, expected, words) in [
        (&[201, 410][..], false, 5, "1 accepted, 1 gone"),
        (&[201, 410], true, 3, "1 accepted, 1 gone, 1 made with another VAPID key"),
        (&[201, 410, 503], true, 6, "1 accepted, 1 busy, 1 gone, 1 made with another VAPID key"),
        (&[201, 410, 503, 400], true, 4, "1 accepted, 1 refused, 1 busy, 1 gone, 1 made with another VAPID key"),
    ] {
        let sender = Sender::new();
        for status in statuses {
            let browser = sender.subscribe();
            sender.service.answer_for(&browser, answer::status(*status));
        }
        let mut list = sender.read("subscription.txt");
        if with_other_key {
            list += &sender.service.subscribe(Some(other_key)).json_with_key;
        }
        sender.write("subscription.txt", list.as_bytes());
        let ended = sender.notify().args(["--all", "--no-retry"]).run();
        assert_eq!(ended.code, Some(expected), "{}", ended.stderr);
        let count = statuses.len() + usize::from(with_other_key);
        assert_eq!(summary(&ended), format!("notify: note: {count} pushed in N s: {words}"));
    }
}

#[test]
fn what_was_not_accepted_is_printed_on_stderr_and_each_hint_once_with_a_count() {
    let (sender, browsers) = Sender::with::<3>();
    sender.service.answer_always(answer::status(400));
    let ended = sender.notify().args(["--all", "-q"]).run();
    let mut lines: Vec<_> = ended.stderr.lines().collect();
    lines[..3].sort();
    let error = |at: usize| {
        format!(
            "notify: error: subscription.txt line {}: refused by localhost: 400 Bad Request: Invalid Content-Encoding header \
             (errno 110): a header of the encryption did not arrive as it was sent …{}",
            at + 1,
            browsers[at].tail
        )
    };
    let hint = "notify: hint: for 3 pushes: look for a proxy that changes headers (HTTPS_PROXY)".into();
    let expected = [error(0), error(1), error(2), hint];
    assert_eq!(
        (ended.code, ended.stdout.as_str(), lines),
        (Some(4), "", expected.iter().map(String::as_str).collect())
    );
}

#[test]
fn gone_subscriptions_are_moved_at_the_end_and_all_others_stay() {
    let (sender, [one, two, three, four]) = Sender::with();
    let list = format!("{}\n{}\nnonsense\n{}\n{}\n", one.json, two.json, three.json, four.json);
    sender.write("subscription.txt", list.as_bytes());
    sender.write("subscription.txt.gone", b"older\n");
    sender.service.unsubscribe(&two);
    sender.service.answer_for(&four, answer::status(404));
    let ended = sender.notify().args(["--all", "--json"]).run();
    assert_eq!(ended.code, Some(3));
    assert_eq!(classes(&ended.stdout), ["accepted", "gone", "accepted", "gone"]);
    assert!(ended.stderr.ends_with("notify: note: 2 lines went to subscription.txt.gone\n"), "{}", ended.stderr);
    assert_eq!(sender.read("subscription.txt"), format!("{}\nnonsense\n{}\n", one.json, three.json));
    assert_eq!(sender.read("subscription.txt.gone"), format!("older\n{}\n{}\n", two.json, four.json));
}

#[test]
fn a_list_from_stdin_or_a_pipe_is_left_alone() {
    let (sender, [browser]) = Sender::with();
    sender.service.unsubscribe(&browser);
    let list = sender.read("subscription.txt");
    let ended = sender.notify().args(["--subscriptions", "-", "-q"]).stdin(list.clone()).run();
    assert_eq!(ended.code, Some(5));
    let ended = sender.notify().args(["--subscriptions", "/dev/stdin", "-q"]).stdin(list.clone()).run();
    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    assert_eq!((sender.read("subscription.txt"), sender.read("subscription.txt.gone")), (list, String::new()));
}

#[test]
fn a_dry_run_checks_every_line_and_sends_nothing() {
    let (sender, [_, _]) = Sender::with();
    sender.service.expect_no_calls();
    let ended = sender.notify().args(["--all", "--dry-run"]).run();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stdout.matches("would be sent to localhost: 230 bytes …").count(), 2);
    assert_eq!(summary(&ended), "notify: note: 2 pushed in N s: 2 not sent, as asked");
}

#[test]
fn what_is_temporary_is_tried_again_and_the_tries_are_counted() {
    let (sender, [browser]) = Sender::with();
    sender.service.answer_next(answer::status(500));
    sender.service.answer_next(answer::status(502));
    let ended = sender.notify().args(["--all", "--json"]).run();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let result = &results(&ended.stdout)[0];
    assert_eq!((&result["attempts"], &result["tail"]), (&3.into(), &browser.tail.as_str().into()));
    assert_eq!(sender.service.calls(), 3);
}

#[test]
fn a_kept_connection_that_was_closed_is_no_failure() {
    let (sender, browsers) = Sender::with::<12>();
    // Closed behind each answer, and nothing in the answer says so.
    sender.service.answer_always(answer::bytes("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"));
    let ended = sender.notify().args(["--all", "--json", "--no-retry", "--jobs", "2"]).run();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(results(&ended.stdout).iter().all(|result| result["attempts"] == 1), "{}", ended.stdout);
    assert_eq!(endpoints(&sender.service), sorted(&browsers));
}

#[test]
fn a_kept_connection_that_is_closed_in_the_face_of_a_request_is_no_failure() {
    let (sender, [one, two]) = Sender::with();
    sender.service.answer_next(answer::created());
    sender.service.answer_next(answer::nothing());
    let ended = sender.notify().args(["--all", "--json", "--no-retry", "--jobs", "1"]).run();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(results(&ended.stdout).iter().all(|result| result["attempts"] == 1));
    assert_eq!(endpoints(&sender.service), sorted([&one, &two, &two]));
}

#[test]
fn a_push_service_that_asks_to_wait_holds_up_no_other() {
    let (sender, good) = Sender::with::<8>();
    let busy = PushService::start();
    busy.answer_always(answer::retry_after(429, "2"));
    let slow: Vec<_> = (0..4).map(|_| busy.subscribe(Some(&sender.public_key()))).collect();
    // The busy ones come first, and there are more of them than jobs.
    let list = slow.iter().chain(&good).map(|s| format!("{}\n", s.json)).collect::<String>();
    let ended = sender.notify().args(["--subscriptions", "-", "--json", "--jobs", "1"]).stdin(list).run();
    assert_eq!(ended.code, Some(6), "{}", ended.stderr);
    let order: Vec<_> =
        results(&ended.stdout).iter().map(|result| result["class"].as_str().unwrap().to_owned()).collect();
    assert_eq!(order, [vec!["accepted"; 8], vec!["busy"; 4]].concat());
    assert!(results(&ended.stdout)[8..].iter().all(|result| result["attempts"] == 3));
    assert_eq!((sender.service.calls(), busy.calls()), (8, 12));
}

#[test]
fn with_resume_nobody_gets_it_twice_and_nobody_is_left_out() {
    let (sender, browsers) = Sender::with::<6>();
    let all = |program: Program| program.args(["--all", "--json", "--no-retry"]).run();
    sender.service.answer_for(&browsers[1], answer::status(503));
    sender.service.answer_for(&browsers[4], answer::status(400));
    let first = all(sender.notify());
    assert_eq!(classes(&first.stdout), ["accepted", "busy", "accepted", "accepted", "refused", "accepted"]);
    let newcomer = sender.subscribe();
    for browser in [&browsers[1], &browsers[4]] {
        sender.service.answer_for(browser, answer::created());
    }
    // The last line of the results was cut off by a crash: that push is repeated, no other.
    let (whole, _) = first.stdout.trim_end().rsplit_once('\n').unwrap();
    let cut = results(first.stdout.lines().last().unwrap())[0]["line"].as_u64().unwrap();
    sender.write("results", format!("{whole}\n{{\"accepted\":tr").as_bytes());
    let second = all(sender.notify().args(["--resume", "results"]));
    assert_eq!(second.code, Some(0), "{}", second.stderr);
    assert!(second.stderr.starts_with("notify: note: results: lines that are not results: 1\n"), "{}", second.stderr);
    let mut expected = vec![2, 5, 7];
    if !expected.contains(&cut) {
        expected.push(cut);
    }
    expected.sort();
    let mut lines: Vec<_> = results(&second.stdout).iter().map(|result| result["line"].as_u64().unwrap()).collect();
    lines.sort();
    assert_eq!(lines, expected);
    assert!(endpoints(&sender.service).contains(&newcomer.endpoint));

    sender.write("results", format!("{whole}\n{}", second.stdout).as_bytes());
    let calls = sender.service.calls();
    let third = all(sender.notify().args(["--resume", "results"]));
    assert_eq!((third.code, third.stdout.as_str()), (Some(0), ""));
    assert_eq!(summary(&third), "notify: note: 0 pushed in N s; 7 lines skipped, done before");
    assert_eq!(sender.service.calls(), calls);
}

#[test]
fn a_result_begins_a_new_line_when_the_results_before_it_were_cut_off() {
    let (sender, [_, _]) = Sender::with();
    let all = |name: &str| sender.notify().args(["--all", "--json", "-q", "--resume", name]).run();
    sender.write("cut-off", b"{\"accepted\":tr");
    let ended = all("cut-off");
    assert!(ended.stdout.starts_with("\n{") && ended.stdout.matches('\n').count() == 3, "{}", ended.stdout);
    // As `>> cut-off` does: no result is lost, and a third run repeats nothing.
    sender.write("cut-off", format!("{{\"accepted\":tr{}", ended.stdout).as_bytes());
    all("cut-off").is(0, "", "");
    for whole in ["", "\n", "{\"accepted\":tr\n"] {
        sender.write("whole", whole.as_bytes());
        let ended = all("whole");
        assert!(ended.stdout.starts_with('{') && ended.stdout.matches('\n').count() == 2, "{}", ended.stdout);
    }
    assert_eq!(sender.service.calls(), 8);
}

#[test]
fn results_of_another_message_are_said_to_be_so_and_count_all_the_same() {
    let (sender, [_, _]) = Sender::with();
    let all = |message: &str| sender.notify().args(["--all", "--json", "--resume", "results", message]).run();
    sender.write("results", b"");
    let first = all("Diner is ready");
    sender.write("results", first.stdout.as_bytes());
    let same = all("Diner is ready");
    assert_eq!((same.code, same.stderr.lines().count()), (Some(0), 1), "{}", same.stderr);
    let corrected = all("Dinner is ready");
    assert_eq!((corrected.code, corrected.stdout.as_str()), (Some(0), ""));
    let note = "notify: note: results: results of another message: 2; they count as if they were this one's\n";
    assert!(corrected.stderr.starts_with(note), "{}", corrected.stderr);
    let hashes: Vec<_> = results(&first.stdout).iter().map(|result| result["message"].clone()).collect();
    assert_eq!((hashes[0].as_str().unwrap().len(), &hashes[0]), (16, &hashes[1]));
    assert_eq!(sender.service.calls(), 2);
}

#[test]
fn a_subscription_that_stands_in_the_list_twice_is_pushed_to_once() {
    let (sender, [one, two]) = Sender::with();
    let list = [&one, &two, &one, &two, &one].map(|browser| browser.json.as_str()).join("\n");
    let ended = sender.notify().args(["--subscriptions", "-", "--json"]).stdin(list).run();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let mut lines: Vec<_> = results(&ended.stdout).iter().map(|result| result["line"].as_u64().unwrap()).collect();
    lines.sort();
    assert_eq!(lines, [1, 2]);
    assert_eq!(summary(&ended), "notify: note: 2 pushed in N s: 2 accepted; 3 lines skipped, duplicate");
    assert_eq!(endpoints(&sender.service), sorted([&one, &two]));
}

#[test]
fn results_are_printed_even_when_the_gone_lines_cannot_be_moved() {
    let (sender, [browser]) = Sender::with();
    sender.service.unsubscribe(&browser);
    // Nothing can be appended to a folder, whoever runs this.
    std::fs::create_dir(sender.path("subscription.txt.gone")).unwrap();
    for arguments in [&["--json"][..], &["--json", "--all"]] {
        let ended = sender.notify().args(arguments).run();
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert_eq!(classes(&ended.stdout), ["gone"], "{arguments:?}");
        assert!(ended.stderr.contains("notify: error: cannot write subscription.txt.gone"), "{}", ended.stderr);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn results_that_do_not_fit_on_the_disk_end_it_with_1() {
    let (sender, [_, _]) = Sender::with();
    for arguments in [&["--json"][..], &["--json", "--all"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let ended = sender.notify().args(arguments).stdout(full).run();
        assert_eq!(ended.code, Some(1), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("No space left on device"), "{}", ended.stderr);
    }
}

#[test]
fn results_that_cannot_be_read_end_it_before_anything_is_sent() {
    let (sender, [_]) = Sender::with();
    sender.service.expect_no_calls();
    sender.notify().args(["--all", "--resume", "missing"]).run().is(
        1,
        "",
        "notify: error: cannot read the results missing: No such file or directory (os error 2)\n\
         notify: hint: give --resume the file that --json was printed to\n",
    );
}

#[test]
fn ctrl_c_finishes_the_pushes_in_flight_and_moves_the_gone_lines() {
    let (sender, [gone, waits, kept]) = Sender::with();
    sender.service.unsubscribe(&gone);
    sender.service.answer_for(&waits, answer::retry_after(429, "30"));
    sender.service.answer_for(&kept, answer::retry_after(429, "30"));
    let running = sender.notify().args(["--all", "--json", "--jobs", "1"]).spawn();
    running.line(|line| line.contains("\"class\":\"gone\""));
    sender.service.wait_for(2, LIMIT);
    running.interrupt();
    let ended = running.wait();
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert_eq!(classes(&ended.stdout), ["gone"]);
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(lines[0], "notify: note: stopping when the pushes under way have ended; Ctrl-C again stops at once");
    assert_eq!(summary(&ended), "notify: note: 1 pushed in N s: 1 gone");
    assert_eq!(
        lines[2..],
        [
            "notify: note: 1 line went to subscription.txt.gone",
            "notify: error: stopped before the end of subscription.txt",
            "notify: hint: send the rest with --resume FILE, where FILE holds what --json printed",
        ]
    );
    let left = format!("{}\n{}\n", waits.json_with_key, kept.json_with_key);
    assert_eq!(sender.read("subscription.txt"), left);
}

#[test]
fn ctrl_c_again_ends_at_once() {
    let (sender, [_]) = Sender::with();
    sender.service.answer_always(answer::hang_after(""));
    let running = sender.notify().args(["--all", "--timeout", "3600"]).spawn();
    sender.service.wait_for(1, LIMIT);
    running.interrupt();
    running.error_line(|line| line.starts_with("notify: note: stopping"));
    running.interrupt();
    assert_eq!(running.wait().code, Some(130));
}

#[test]
fn a_list_that_never_ends_is_reported_as_it_comes_and_stopped_by_sigterm() {
    let (sender, [one, two]) = Sender::with();
    let mut running = sender.notify().args(["--subscriptions", "-", "--json"]).open_stdin().spawn();
    for browser in [&one, &two] {
        running.write(format!("{}\n", browser.json).as_bytes());
        running.line(|line| line.contains(&browser.tail));
    }
    running.terminate();
    running.error_line(|line| line.starts_with("notify: error: stopped before the end of -"));
    assert_eq!(running.wait().code, Some(130));
}

#[test]
fn when_results_cannot_be_written_sending_stops() {
    let (sender, browsers) = Sender::with::<50>();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = sender.notify().args(["--all", "--json", "--jobs", "2"]).stdout(writer).run();
    assert_eq!(ended.code, Some(1));
    let expected = "notify: error: cannot write the results, so sending stopped: Broken pipe (os error 32)\n\
                    notify: hint: send the rest with --resume FILE, where FILE holds what --json printed\n";
    assert!(ended.stderr.ends_with(expected), "{}", ended.stderr);
    assert!(sender.service.calls() < browsers.len());
}

#[test]
fn a_thousand_jobs_and_one_line_are_no_trouble() {
    let (sender, [browser]) = Sender::with();
    sender.notify().args(["--all", "-q", "--jobs", "1024"]).run().is(0, "", "");
    assert_eq!(endpoints(&sender.service), [browser.endpoint]);
}

/// Peak memory of a process, in KiB.
#[cfg(target_os = "linux")]
fn peak(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_list() {
    let (sender, [browser]) = Sender::with();
    sender.service.expect_no_calls();
    let mut running = sender.notify().args(["--subscriptions", "-", "--json", "--dry-run"]).open_stdin().spawn();
    let mut written = 0;
    let mut peak_after = |lines: usize| {
        for number in written..written + lines {
            let endpoint = format!("{}-{number}", browser.endpoint);
            running.write(format!("{}\n", browser.json.replace(&browser.endpoint, &endpoint)).as_bytes());
        }
        written += lines;
        let last = format!("\"line\":{written},");
        running.line(|line| line.contains(&last));
        peak(running.pid())
    };
    let first = peak_after(500);
    let later = peak_after(10_000);
    // The list alone is 5 MiB.
    assert!(later < first + 1024, "{first} KiB, then {later} KiB");
    running.close_stdin();
    let ended = running.wait();
    assert_eq!((ended.code, ended.stdout.lines().count()), (Some(0), 10_500));
}

#[test]
fn a_waiting_retry_is_not_lost_at_the_end_of_the_list() {
    let (sender, browsers) = Sender::with::<5>();
    for _ in 0..5 {
        sender.service.answer_next(answer::retry_after(503, "1"));
    }
    let start = std::time::Instant::now();
    let ended = sender.notify().args(["--all", "--json", "--jobs", "2"]).run();
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(classes(&ended.stdout), vec!["accepted"; browsers.len()]);
    assert!(results(&ended.stdout).iter().all(|result| result["attempts"] == 2));
}
