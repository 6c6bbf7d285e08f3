//! The log on stderr: subscriptions, pushes and, with `-v`, requests; never a secret. Edit it to log more.

use std::io::Write;

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Log {
    /// Nothing (`-q`).
    Quiet,
    /// Subscriptions and pushes.
    Normal,
    /// Also every request, and every connection refused (`-v`).
    Verbose,
}

impl Log {
    /// A subscription came or went, a push was sent.
    pub fn event(self, line: &str) {
        if self >= Log::Normal {
            write(line);
        }
    }

    /// A request was answered. The query is left out: people paste secrets there.
    pub fn request(self, method: &str, target: &str, status: u16) {
        if self >= Log::Verbose {
            let path = target.split('?').next().unwrap_or_default();
            write(&format!("{method} {} {status}", path.escape_default()));
        }
    }

    /// For the listeners: logs each connection refused, or nothing.
    pub fn refusals(self) -> fn(&str) {
        if self >= Log::Verbose { write } else { |_| {} }
    }
}

fn write(line: &str) {
    // A closed stderr is not an error.
    let _ = writeln!(std::io::stderr(), "server: {line}");
}
