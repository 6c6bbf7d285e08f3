//! subscription.txt: what is read, in which order, and that no change loses anything.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use barepush::push::{Endpoint, Subscription};
use barepush::store::{Change, Store, StoreError};
use serde_json::{Value, json};
use tempfile::TempDir;

fn subscription(name: &str) -> Subscription {
    let vector: Value = serde_json::from_str(include_str!("../vectors/rfc8291.json")).unwrap();
    let json = json!({
        "endpoint": format!("https://updates.push.services.mozilla.com/wpush/v2/{name}"),
        "keys": {"p256dh": vector["ua_public"], "auth": vector["auth_secret"]},
    });
    Subscription::from_json(&json.to_string()).unwrap()
}

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("subscription.txt"));
    (folder, store)
}

/// Line number and endpoint's last letters, or what is wrong with it.
fn contents(store: &Store) -> Vec<(usize, String)> {
    let entry = |entry: barepush::store::Entry| {
        let what = match &entry.subscription() {
            Ok(subscription) => subscription.endpoint().as_str().rsplit('/').next().unwrap().to_owned(),
            Err(error) => error.to_string(),
        };
        (entry.line, what)
    };
    store.read().unwrap().unwrap().map(|found| entry(found.unwrap())).collect()
}

fn names(store: &Store) -> Vec<String> {
    contents(store).into_iter().map(|(_, name)| name).collect()
}

#[test]
fn subscribing_again_moves_the_line_to_the_end() {
    let (_folder, store) = store();
    assert_eq!(store.add(&subscription("first")).unwrap(), Change { found: 0, stored: 1 });
    assert_eq!(store.add(&subscription("second")).unwrap(), Change { found: 0, stored: 2 });
    assert_eq!(store.add(&subscription("first")).unwrap(), Change { found: 1, stored: 2 });
    assert_eq!(names(&store), ["second", "first"]);
}

#[test]
fn unsubscribing_removes_that_line_alone() {
    let (_folder, store) = store();
    let (first, second) = (subscription("first"), subscription("second"));
    store.add(&first).unwrap();
    store.add(&second).unwrap();
    assert_eq!(store.remove(first.endpoint().as_str()).unwrap(), Change { found: 1, stored: 1 });
    assert_eq!(store.remove(first.endpoint().as_str()).unwrap(), Change { found: 0, stored: 1 });
    assert_eq!(names(&store), ["second"]);
}

#[test]
fn what_is_gone_goes_to_the_neighbour_and_nothing_is_lost() {
    let (_folder, store) = store();
    for name in ["a", "b", "c", "d"] {
        store.add(&subscription(name)).unwrap();
    }
    let (a, c) = (subscription("a"), subscription("c"));
    assert_eq!(store.move_to_gone(|e| e == a.endpoint()).unwrap(), Change { found: 1, stored: 3 });
    let both = |e: &Endpoint| e == c.endpoint() || e == a.endpoint();
    assert_eq!(store.move_to_gone(both).unwrap(), Change { found: 1, stored: 2 });
    assert_eq!(store.move_to_gone(both).unwrap(), Change { found: 0, stored: 2 });
    assert_eq!(names(&store), ["b", "d"]);
    assert_eq!(names(&Store::new(store.gone_path())), ["a", "c"]);
}

#[test]
fn pasted_pretty_printed_and_dense_json_is_read_with_its_line_numbers() {
    let (_folder, store) = store();
    let pretty = |name| {
        let value: Value = serde_json::from_str(subscription(name).json()).unwrap();
        serde_json::to_string_pretty(&value).unwrap()
    };
    let text =
        format!("\n\n{}\n{}{}\r\n{}", pretty("a"), subscription("b").json(), subscription("c").json(), pretty("d"));
    fs::write(store.path(), text).unwrap();
    let expected = [(3, "a"), (10, "b"), (10, "c"), (11, "d")].map(|(line, name)| (line, name.to_owned()));
    assert_eq!(contents(&store), expected);
}

#[test]
fn unusable_lines_are_named_and_left_where_they_are() {
    let (_folder, store) = store();
    let garbage = "garbage \u{fffd}\n{\"endpoint\": \"http";
    fs::write(store.path(), format!("{}\n{garbage}\n[1]\n{}\n", subscription("a").json(), subscription("b").json()))
        .unwrap();
    let expected = [
        (1, "a"),
        (2, "not JSON: it breaks off at line 1, column 1"),
        (3, "not JSON: it breaks off at line 1, column 18"),
        (4, "not a PushSubscription: not a JSON object"),
        (5, "b"),
    ];
    assert_eq!(contents(&store), expected.map(|(line, what)| (line, what.to_owned())));
    store.add(&subscription("c")).unwrap();
    store.remove(subscription("a").endpoint().as_str()).unwrap();
    let text = fs::read_to_string(store.path()).unwrap();
    assert!(text.starts_with(&format!("{garbage}\n[1]\n")), "{text}");
    assert_eq!(text.lines().count(), 5);
}

#[test]
fn bytes_that_are_no_text_survive_a_change() {
    let (_folder, store) = store();
    fs::write(store.path(), b"\xff\xfe garbage\n").unwrap();
    store.add(&subscription("a")).unwrap();
    assert!(fs::read(store.path()).unwrap().starts_with(b"\xff\xfe garbage\n{"));
}

#[test]
fn a_value_that_never_ends_costs_its_line_only() {
    let (_folder, store) = store();
    fs::write(store.path(), format!("[\n{}\n{}\n", "1,\n".repeat(20_000), subscription("a").json())).unwrap();
    assert_eq!(names(&store).last().unwrap(), "a");
}

#[test]
fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, store) = store();
    store.add(&subscription("a")).unwrap();
    store.move_to_gone(|_| true).unwrap();
    for path in [store.path(), &store.gone_path()] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn a_link_is_read_and_neither_replaced_nor_followed_by_a_change() {
    let (folder, store) = store();
    let elsewhere = Store::new(folder.path().join("elsewhere"));
    elsewhere.add(&subscription("a")).unwrap();
    fs::remove_file(folder.path().join("elsewhere.lock")).unwrap();
    let before = fs::read(elsewhere.path()).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), store.path()).unwrap();
    assert_eq!(names(&store), ["a"]);
    let a = subscription("a");
    for refused in [store.add(&subscription("b")), store.remove(a.endpoint().as_str()), store.move_to_gone(|_| true)] {
        assert!(matches!(refused, Err(StoreError::NotRegular(_))), "{refused:?}");
    }
    assert_eq!(fs::read(elsewhere.path()).unwrap(), before);
    assert!(fs::symlink_metadata(store.path()).unwrap().is_symlink());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_link_in_the_neighbours_place_is_not_followed() {
    let (folder, store) = store();
    store.add(&subscription("a")).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::write(&elsewhere, "a secret of another user").unwrap();
    std::os::unix::fs::symlink(&elsewhere, store.gone_path()).unwrap();
    assert!(matches!(store.move_to_gone(|_| true), Err(StoreError::NotRegular(path)) if path == store.gone_path()));
    assert_eq!(names(&store), ["a"]);
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "a secret of another user");
}

#[test]
fn a_changed_file_keeps_its_owner_group_and_mode() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let (folder, store) = store();
    store.add(&subscription("a")).unwrap();
    let (user, group) = another_user(folder.path());
    for path in [store.path().to_owned(), beside(&store, ".lock")] {
        chown(path, Some(user), Some(group)).unwrap();
    }
    fs::set_permissions(store.path(), fs::Permissions::from_mode(0o640)).unwrap();
    store.add(&subscription("b")).unwrap();
    store.move_to_gone(|endpoint| endpoint == subscription("a").endpoint()).unwrap();
    for (path, mode) in [(store.path().to_owned(), 0o640), (store.gone_path(), 0o640), (beside(&store, ".lock"), 0o600)]
    {
        let found = fs::metadata(&path).unwrap();
        let found = (found.uid(), found.gid(), found.mode() & 0o777);
        assert_eq!(found, (user, group, mode), "{}", path.display());
    }
}

#[test]
fn what_root_makes_in_a_users_folder_is_the_users() {
    use std::os::unix::fs::{MetadataExt, chown};
    let (folder, store) = store();
    let (user, group) = another_user(folder.path());
    chown(folder.path(), Some(user), Some(group)).unwrap();
    store.add(&subscription("a")).unwrap();
    store.move_to_gone(|_| true).unwrap();
    for path in [store.path().to_owned(), store.gone_path(), beside(&store, ".lock")] {
        let found = fs::metadata(&path).unwrap();
        assert_eq!((found.uid(), found.gid()), (user, group), "{}", path.display());
    }
}

/// User and group that this process may give a file to: others when it is root, else its own.
fn another_user(folder: &Path) -> (u32, u32) {
    use std::os::unix::fs::MetadataExt;
    let own = fs::metadata(folder).unwrap();
    if own.uid() == 0 { (1234, 2345) } else { (own.uid(), own.gid()) }
}

fn beside(store: &Store, ending: &str) -> PathBuf {
    PathBuf::from(display(store.path()) + ending)
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let (_folder, store) = store();
    fs::write(store.path(), format!("\u{feff}{}\n\u{feff}\n", subscription("a").json())).unwrap();
    assert_eq!(contents(&store)[0], (1, "a".to_owned()));
    // Elsewhere it is not one.
    assert_eq!(contents(&store)[1], (2, "not JSON: it breaks off at line 1, column 1".to_owned()));
    store.add(&subscription("b")).unwrap();
    assert_eq!(names(&store)[2], "b");
    // What stands in the file stays.
    assert!(fs::read(store.path()).unwrap().starts_with(b"\xef\xbb\xbf{"));
}

#[test]
fn fifty_thousand_values_on_one_line_are_read_as_fast_as_on_lines() {
    let (_folder, store) = store();
    let count = 50_000;
    let json = subscription("a").json().to_owned();
    let seconds = |text: String| {
        fs::write(store.path(), text).unwrap();
        let start = Instant::now();
        assert_eq!(store.read().unwrap().unwrap().count(), count);
        start.elapsed().as_secs_f64()
    };
    let on_lines = seconds(format!("{json}\n").repeat(count));
    let on_one = seconds(json.repeat(count));
    assert!(on_one < 3.0 * on_lines + 1.0, "{on_one} s on one line, {on_lines} s on lines");
}

#[test]
fn the_overview_is_right_whoever_changed_the_file_and_however() {
    let (_folder, store) = store();
    let overview = |store: &Store| {
        let overview = store.overview().unwrap();
        (overview.stored, overview.newest.map(|newest| newest.endpoint().tail().to_owned()))
    };
    let told = |stored, name: &str| (stored, Some(subscription(name).endpoint().tail().to_owned()));
    assert_eq!(overview(&store), (0, None));
    store.add(&subscription("a")).unwrap();
    assert_eq!(overview(&store), told(1, "a"));
    // The other program, or another server.
    let other = Store::new(store.path());
    assert_eq!(other.add(&subscription("b")).unwrap(), Change { found: 0, stored: 2 });
    assert_eq!(overview(&store), told(2, "b"));
    assert_eq!(store.add(&subscription("c")).unwrap(), Change { found: 0, stored: 3 });
    store.remove(subscription("c").endpoint().as_str()).unwrap();
    assert_eq!(overview(&store), told(2, "b"));
    store.move_to_gone(|endpoint| endpoint == subscription("b").endpoint()).unwrap();
    assert_eq!(overview(&store), told(1, "a"));
    // By hand, in place, with the same length, and at once.
    for name in ["x", "y", "z"] {
        fs::write(store.path(), format!("{}\n", subscription(name).json())).unwrap();
        assert_eq!(overview(&store), told(1, name));
    }
    // What cannot be used does not count, and an endpoint written with escapes is found.
    let escaped = subscription("z").json().replace("/wpush/", "\\/wpush\\u002f");
    fs::write(store.path(), format!("garbage\n{}\n{escaped}\n", subscription("y").json())).unwrap();
    assert_eq!(overview(&store), told(2, "z"));
    assert_eq!(store.add(&subscription("z")).unwrap(), Change { found: 1, stored: 2 });
    fs::remove_file(store.path()).unwrap();
    assert_eq!(overview(&store), (0, None));
}

#[test]
fn many_writers_at_once_lose_nothing() {
    let (_folder, store) = store();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for i in 0..10 {
                    store.add(&subscription(&format!("{writer}-{i}"))).unwrap();
                }
            });
        }
    });
    assert_eq!(names(&store).len(), 40);
}

#[test]
fn a_missing_file_a_folder_in_its_place_and_a_held_lock_have_their_own_words() {
    let (folder, store) = store();
    assert!(store.read().unwrap().is_none());
    fs::create_dir(folder.path().join("folder")).unwrap();
    let in_place = Store::new(folder.path().join("folder"));
    let words = |error: StoreError| format!("{:#}", anyhow::Error::new(error)).replace(&display(folder.path()), "DIR");
    assert_eq!(
        words(in_place.add(&subscription("a")).unwrap_err()),
        "cannot read DIR/folder: Is a directory (os error 21)"
    );
    let nowhere = Store::new(folder.path().join("nowhere/subscription.txt"));
    assert_eq!(
        words(nowhere.add(&subscription("a")).unwrap_err()),
        "cannot write DIR/nowhere/subscription.txt.lock: No such file or directory (os error 2)"
    );
    let lock = fs::File::create(folder.path().join("subscription.txt.lock")).unwrap();
    lock.lock().unwrap();
    let start = Instant::now();
    assert_eq!(words(store.add(&subscription("a")).unwrap_err()), "DIR/subscription.txt is locked by another process");
    assert!(start.elapsed() < Duration::from_secs(10));
}

fn display(path: &Path) -> String {
    path.display().to_string()
}
