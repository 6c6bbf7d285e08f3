//! What people type before they know better: each gets the command that they meant.

use std::os::unix::fs::PermissionsExt;

use crate::support::program::{LIMIT, Program, notify, server};
use crate::support::sender::Sender;

#[test]
fn a_message_of_two_words_without_quotes_gets_a_hint() {
    let (sender, [_]) = Sender::with();
    sender.service.expect_no_calls();
    sender.notify().args(["two", "words"]).run().is(
        2,
        "",
        "notify: error: unexpected argument \"words\"\n\
         notify: hint: put a message of several words in quotes: cargo run --bin notify \"two words\"\n",
    );
}

#[test]
fn cargo_run_notify_gets_a_hint_from_the_server() {
    let folder = tempfile::tempdir().unwrap();
    server(folder.path()).args(["notify", "message"]).run().is(
        2,
        "",
        "server: error: unexpected argument \"notify\"\n\
         server: hint: run notify as a program of its own: cargo run --bin notify \"message\"\n",
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn other_mistakes_get_clap_s_usage() {
    let folder = tempfile::tempdir().unwrap();
    for (program, part) in [
        (notify(folder.path()).arg("--al"), "a similar argument exists: '--all'"),
        (server(folder.path()).arg("--verbos"), "a similar argument exists: '--verbose'"),
        (server(folder.path()).arg("start"), "Usage: server"),
    ] {
        let ended = program.run();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
        assert!(ended.stderr.contains(part), "{}", ended.stderr);
    }
}

#[test]
fn in_the_wrong_folder_it_names_the_folder_and_the_option() {
    let folder = tempfile::tempdir().unwrap();
    let absolute = folder.path().canonicalize().unwrap();
    let wrong = |program: Program, file: &str| {
        let file = absolute.join(file);
        program.run().is(
            3,
            "",
            &format!(
                "notify: error: nobody has subscribed yet: {} not found\n\
                 notify: hint: run cargo run --bin server, open the page and press Subscribe; \
                 if the server runs in another folder, name it: --data-dir DIR\n",
                file.display()
            ),
        );
    };
    wrong(notify(folder.path()), "subscription.txt");
    wrong(notify(folder.path()).arg("--all"), "subscription.txt");
    wrong(notify(folder.path()).args(["--data-dir", "data"]), "data/subscription.txt");
    notify(folder.path()).args(["--subscriptions", "people.txt"]).run().is(
        3,
        "",
        &format!(
            "notify: error: no subscriptions: {} not found\nnotify: hint: check the path given to --subscriptions\n",
            absolute.join("people.txt").display()
        ),
    );
    std::fs::write(folder.path().join("people.txt"), "{}").unwrap();
    notify(folder.path()).args(["--subscriptions", "people.txt"]).run().is(
        1,
        "",
        &format!(
            "notify: error: no VAPID key: {} not found\n\
             notify: hint: run cargo run --bin server, it makes the key at its first start; \
             if the server runs in another folder, name it: --data-dir DIR\n",
            absolute.join("keys/vapid_private.pem").display()
        ),
    );
}

#[test]
fn a_command_that_names_a_path_with_a_space_pastes_into_a_shell() {
    let (sender, [_]) = Sender::with();
    std::fs::rename(sender.path("keys"), sender.path("my keys")).unwrap();
    std::fs::create_dir(sender.path("my data")).unwrap();
    std::fs::rename(sender.path("my keys"), sender.path("my data/keys")).unwrap();
    std::fs::rename(sender.path("subscription.txt"), sender.path("my data/subscription.txt")).unwrap();
    let key = sender.path("my data/keys/vapid_private.pem");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let sent = sender.notify().args(["--data-dir", "my data"]).run();
    assert_eq!(sent.code, Some(0));
    let (_, command) = sent.stderr.trim_end().split_once("(mode 0644): ").unwrap();
    assert_eq!(command, "chmod 600 'my data/keys/vapid_private.pem'");
    assert_eq!(Program::new("sh", sender.folder()).args(["-c", command]).run().code, Some(0));
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_empty_subject_in_the_environment_counts_as_unset() {
    let (sender, [_]) = Sender::with();
    let sent = sender.notify().env("VAPID_SUBJECT", "").run();
    assert_eq!((sent.code, sent.stderr.as_str()), (Some(0), ""));
    assert_eq!(sender.service.wait_for(1, LIMIT)[0].claims["sub"], "mailto:push@example.com");
    let server = server(sender.folder()).env("VAPID_SUBJECT", "").spawn();
    server.url("http");
    server.terminate();
    assert_eq!(server.wait().code, Some(0));
}
