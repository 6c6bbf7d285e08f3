//! `notify` as a whole: the real binary, the strict push service, exit codes and what is said.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub
)]

mod support;

use support::program::notify;

#[test]
fn without_a_subscription_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    notify(folder.path()).run().is(
        3,
        "",
        "notify: error: nobody has subscribed yet: subscription.txt not found\n\
         notify: hint: run cargo run --bin server, open the page and press Subscribe\n",
    );
}
