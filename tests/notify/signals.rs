//! Signals: what `nohup` and background jobs rely on.

use crate::support::program::Program;
use crate::support::sender::Sender;

#[test]
fn signals_that_were_ignored_at_start_do_not_stop_a_list() {
    let (sender, [one, two]) = Sender::with();
    let script = "trap '' HUP INT; exec \"$0\" --subscriptions - --json";
    let arguments = ["-c", script, env!("CARGO_BIN_EXE_notify")];
    let mut running = Program::new("sh", sender.folder()).args(arguments).open_stdin().spawn();
    running.write(format!("{}\n", one.json).as_bytes());
    running.line(|line| line.contains(&one.tail));
    running.hang_up();
    running.interrupt();
    running.write(format!("{}\n", two.json).as_bytes());
    running.line(|line| line.contains(&two.tail));
    running.close_stdin();
    let ended = running.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}
