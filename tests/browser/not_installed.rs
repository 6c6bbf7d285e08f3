//! On a machine without browsers: the tests show as ignored, with what to install, unless browsers are required.

use std::env;
use std::process::{Command, Output};

use crate::harness::{ALONE, tests};

tests![
    without_a_browser_its_tests_are_ignored_and_a_note_says_what_to_install,
    where_browsers_are_required_a_missing_one_is_a_failure
];

const TEST: &str = "chromium::every_shape_of_payload_is_shown";

/// One test of this very program, run where no browser can be found.
fn run(requirement: Option<&str>) -> Output {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", TEST]).env("PATH", "");
    command.env_remove("BAREPUSH_REQUIRE_BROWSERS").env_remove(ALONE);
    command.envs(requirement.map(|value| ("BAREPUSH_REQUIRE_BROWSERS", value)));
    command.output().unwrap()
}

fn without_a_browser_its_tests_are_ignored_and_a_note_says_what_to_install((): &mut ()) {
    let output = run(None);
    assert!(output.status.success());
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains(&format!("test {TEST} ... ignored\n")), "{printed}");
    assert!(printed.contains("test result: ok. 0 passed; 0 failed; 1 ignored; "), "{printed}");
    let notes = String::from_utf8_lossy(&output.stderr);
    assert!(
        notes.contains("note: browser tests are ignored: chromium is not installed: apt-get install chromium\n"),
        "{notes}"
    );
}

fn where_browsers_are_required_a_missing_one_is_a_failure((): &mut ()) {
    let output = run(Some("1"));
    assert_eq!(output.status.code(), Some(101));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("chromium is not installed: apt-get install chromium"), "{printed}");
}
