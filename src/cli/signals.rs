//! Ctrl-C, SIGTERM and SIGHUP (a closed terminal): both programs then stop in order.

use anyhow::Context;

use super::CliError;

/// Calls `stop` at each of these signals, in a thread of its own. A signal that was ignored when the program started stays
/// ignored: `nohup` ignores SIGHUP, and a shell ignores SIGINT for what it starts in the background.
///
/// # Errors
/// When the system does not let signals be handled.
pub fn on_stop(stop: impl FnMut() + Send + 'static) -> Result<(), CliError> {
    handle(stop)
        .context("cannot handle signals")
        .map_err(|e| CliError::local(e, "report this with the version of barepush"))
}

#[cfg(unix)]
fn handle(mut stop: impl FnMut() + Send + 'static) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    let ignored = ignored_signals();
    let handled = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
    let mut signals = Signals::new(handled)?;
    let wait = move || signals.forever().for_each(|_| stop());
    std::thread::Builder::new().name("signals".into()).spawn(wait).map(drop)
}

/// Bit n - 1 is set for each signal n that this process ignores. Only Linux tells it without unsafe code; elsewhere it counts
/// as none.
#[cfg(unix)]
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(windows)]
fn handle(stop: impl FnMut() + Send + 'static) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(stop)
}
