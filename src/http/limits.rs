//! Every limit of the HTTP front, each with its reason. Edit it to change how much a client may send, take or hold open.

use std::time::Duration;

/// Longest request line and headers together: browsers send about 1 KiB to localhost, and a few KiB more when other ports of
/// localhost have set cookies.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Most header lines; browsers send about 20.
pub(crate) const HEADERS_MAX: usize = 64;
/// Longest request body: a subscription or a message; a payload of 4 KiB is below 16 KiB in JSON.
pub const BODY_BYTES_MAX: usize = 16 * 1024;
/// Longest head and body of an answer of a handler: a page's files and our lists are far below.
pub(crate) const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Most GET and HEAD requests that handlers work on at once, and most others. Each costs three descriptors (our end of the
/// connection to tiny_http, tiny_http's end and its duplicate) and one thread of tiny_http. Further requests wait.
pub(crate) const PAGES_MAX: usize = 16;
pub(crate) const POSTS_MAX: usize = 48;
/// How long a request waits for one of these before it is answered 503.
pub(crate) const BACKEND_WAIT: Duration = Duration::from_secs(10);

/// How long a new connection waits for the place of another one when the table is full.
pub(crate) const PLACE_WAIT: Duration = Duration::from_secs(1);
/// How long answers under way may still take when the server stops.
pub(crate) const STOP_TIME: Duration = Duration::from_secs(2);
/// After that, how long the clients still waiting may take to read that the server has stopped.
pub(crate) const STOP_ANSWER_TIME: Duration = Duration::from_millis(500);

/// A TLS handshake needs the most stack: measured below 64 KiB in a debug build. Only the pages touched cost memory.
pub(crate) const STACK_BYTES: usize = 256 * 1024;

/// Descriptors kept for all else: standard streams, files, www/, the connections of pushes under way.
const RESERVED: u64 = 96;
/// Listeners in one process: https and http.
const LISTENERS: u64 = 2;
/// Most connections of one listener, however many descriptors there are. An idle TLS connection takes about 50 KiB, and
/// one developer's browsers open a few dozen.
const CONNECTIONS_MAX: u64 = 512;
/// Fewest, however few descriptors there are.
const CONNECTIONS_MIN: u64 = 8;

/// How long a client may take, and how many may connect. The defaults are the server's; tests set shorter ones.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From accept to the end of the TLS handshake.
    pub handshake: Duration,
    /// Before the first byte of a request.
    pub idle: Duration,
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// From the end of its head to the end of its body.
    pub body: Duration,
    /// For reading an answer.
    pub write: Duration,
    /// For what a client still sends after the last answer, which is read and thrown away.
    pub linger: Duration,
    /// Most connections of one listener at once; each costs one thread and one descriptor.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(5),
            idle: Duration::from_secs(15),
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            write: Duration::from_secs(10),
            linger: Duration::from_secs(1),
            connections: connections_max(raise_descriptor_limit()),
        }
    }
}

/// One listener's share of the descriptors left beside `RESERVED` and three for each request of handlers: 368 of 1024.
fn connections_max(descriptors: u64) -> usize {
    let share = descriptors.saturating_sub(RESERVED + 3 * (PAGES_MAX + POSTS_MAX) as u64) / LISTENERS;
    share.clamp(CONNECTIONS_MIN, CONNECTIONS_MAX) as usize
}

/// Raises the soft limit of open files to the hard one; returns the limit that now applies.
pub fn raise_descriptor_limit() -> u64 {
    // When the limit is unknown: the lowest one that systems have as their default.
    rlimit::increase_nofile_limit(u64::MAX).unwrap_or(256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docs_design_md_gives_each_limit_as_it_is_here() {
        let design = include_str!("../../docs/design.md");
        let limits = Limits::default();
        assert!(limits.head == limits.body && limits.head == limits.write, "one row for three");
        let seconds = |time: Duration| format!("{} s", time.as_secs_f64());
        for (limit, value) in [
            ("request head", format!("{} KiB, {HEADERS_MAX} headers", HEAD_BYTES_MAX / 1024)),
            ("request body", format!("{} KiB", BODY_BYTES_MAX / 1024)),
            ("answer", format!("{} MiB", ANSWER_BYTES_MAX / 1024 / 1024)),
            ("time for the TLS handshake", seconds(limits.handshake)),
            ("time before the first byte of a request", seconds(limits.idle)),
            ("time for a head, for a body, for reading an answer", seconds(limits.head) + " each"),
            ("time for what still comes after the last answer", seconds(limits.linger)),
            (
                "connections of one listener",
                format!("{CONNECTIONS_MAX}; {} under 1,024 descriptors", connections_max(1024)),
            ),
            ("wait for such a place", seconds(PLACE_WAIT)),
            ("requests that handlers work on", format!("{POSTS_MAX}, and {PAGES_MAX} GET or HEAD beside them")),
            ("wait for a handler", seconds(BACKEND_WAIT) + ", then 503"),
            ("time to stop", format!("{}, then 503 and {} to read it", seconds(STOP_TIME), seconds(STOP_ANSWER_TIME))),
        ] {
            let row = format!("| {limit} | {value} |");
            assert!(design.contains(&row), "docs/design.md lacks: {row}");
        }
    }

    #[test]
    fn the_cap_leaves_descriptors_for_everything_else() {
        for (descriptors, cap) in [(0, 8), (256, 8), (1024, 368), (1 << 20, 512), (u64::MAX, 512)] {
            assert_eq!(connections_max(descriptors), cap, "{descriptors} descriptors");
        }
    }
}
