//! How long a client may take, and how many may come: every limit of a connection, in one place.

use std::time::Duration;

/// Descriptors kept for all else: standard streams, files, www/, the connections of pushes under way.
const RESERVED: u64 = 96;
/// Listeners in one process: https and http.
const LISTENERS: u64 = 2;
/// Most connections of one listener, were there descriptors for more; an idle TLS connection takes about 50 KiB, and
/// one developer's browsers open a few dozen.
const CONNECTIONS_MAX: u64 = 512;
/// Fewest, under however low a limit.
const CONNECTIONS_MIN: u64 = 8;
/// Most requests that wait for their answers at once, a gate; each costs three descriptors while it is open (our
/// end, tiny_http's end and its duplicate) and one thread of tiny_http. More wait their turn.
pub(crate) const INNER_MAX: usize = 32;

/// How long a client may take, and how many may come. The defaults are the server's; tests take shorter ones.
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
    /// For taking an answer.
    pub write: Duration,
    /// Spent on reading what a client still sends after the last answer.
    pub linger: Duration,
    /// Most connections at once; each costs one thread and one descriptor, and while it is answered three more
    /// (`INNER_MAX` of them at once).
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
            connections: connections_cap(raise_descriptor_limit()),
        }
    }
}

/// The share of one listener in the descriptors that are left when `RESERVED` and all inner connections (three each:
/// our end, tiny_http's and its duplicate) are taken off: 368 under a limit of 1024.
fn connections_cap(descriptors: u64) -> usize {
    let inner = LISTENERS * 3 * INNER_MAX as u64;
    let share = descriptors.saturating_sub(RESERVED + inner) / LISTENERS;
    share.clamp(CONNECTIONS_MIN, CONNECTIONS_MAX) as usize
}

/// Raises the soft limit of open files to the hard one; returns the limit that holds now.
pub fn raise_descriptor_limit() -> u64 {
    // When it cannot be known, the oldest and lowest usual limit.
    rlimit::increase_nofile_limit(u64::MAX).unwrap_or(256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_leaves_descriptors_for_everything_else() {
        for (descriptors, cap) in [(0, 8), (256, 8), (1024, 368), (1 << 20, 512), (u64::MAX, 512)] {
            assert_eq!(connections_cap(descriptors), cap, "{descriptors} descriptors");
        }
    }
}
