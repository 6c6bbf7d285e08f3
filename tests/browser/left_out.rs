//! On a machine without browsers: the tests pass and say what they left out, unless that is forbidden.

use std::env;
use std::process::{Command, Output};

/// One test of this very program, run where no browser can be found.
fn run(requirement: Option<&str>) -> Output {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "chromium::every_shape_of_payload_is_shown"]).env("PATH", "");
    command.env_remove("BAREPUSH_REQUIRE_BROWSERS");
    command.envs(requirement.map(|value| ("BAREPUSH_REQUIRE_BROWSERS", value)));
    command.output().unwrap()
}

#[test]
fn without_a_browser_its_tests_pass_and_a_note_says_how_to_run_them() {
    let output = run(None);
    assert!(output.status.success());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "note: browser tests that need chromium are left out; to run them: apt-get install chromium\n"
    );
}

#[test]
fn where_browsers_are_required_a_test_left_out_is_a_failure() {
    assert_eq!(run(Some("1")).status.code(), Some(101));
}
