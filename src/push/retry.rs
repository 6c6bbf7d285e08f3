//! When a push that was not accepted is tried again: which failures are temporary, how long to wait, how often to try.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

use super::{Answer, SendError, Unreachable};

/// How often a program that retries tries a push at most.
pub const MAX_TRIES: u32 = 3;
/// Longest `Retry-After` that is waited for. After a longer one the push is over.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);
/// The pause before the second try when the push service names none. Each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How long to wait before the next of at most `tries` tries, after the number `tried` (from 1) failed with `error`. `None`: give up.
/// A busy push service is given the time that it asks for, at most 30 s. Otherwise the pause is half a second, then one. Each is
/// up to half longer by chance, so that many senders do not come back at the same moment. A push without an answer may have
/// arrived: the notification can be shown twice, unless the message has a topic or a tag.
pub(super) fn pause(tries: u32, tried: u32, error: &SendError) -> Option<Duration> {
    if tried >= tries {
        return None;
    }
    let pause = match error {
        SendError::Gone(_) | SendError::Refused(_) => return None,
        // The next try would meet the same certificate, proxy or program.
        SendError::Unreachable(Unreachable::Tls(_) | Unreachable::ProxyRefused(..) | Unreachable::NotHttp) => {
            return None;
        }
        SendError::Busy(Answer { retry_after: Some(wait), .. }) => *wait,
        SendError::Busy(_) | SendError::Unreachable(_) => FIRST_PAUSE * 2u32.saturating_pow(tried - 1),
    };
    (pause <= MAX_RETRY_AFTER).then(|| pause.mul_f64(1.0 + chance() / 2.0))
}

/// A number from 0 to 1.
fn chance() -> f64 {
    let mut byte = [0];
    // Without random numbers nothing was encrypted, so nothing is tried again.
    let _ = SystemRandom::new().fill(&mut byte);
    f64::from(byte[0]) / 255.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use ureq::http::StatusCode;

    fn busy(status: u16, retry_after: Option<u64>) -> SendError {
        let answer = Answer::new(StatusCode::from_u16(status).unwrap());
        SendError::Busy(Answer { retry_after: retry_after.map(Duration::from_secs), ..answer })
    }

    fn seconds(pause: Option<Duration>) -> Option<f64> {
        pause.map(|pause| pause.as_secs_f64())
    }

    #[test]
    fn pauses_double_and_end_after_three_tries() {
        let lost = SendError::Unreachable(Unreachable::Lost("reset".into()));
        for error in [busy(500, None), busy(429, None), lost] {
            for (tried, from, to) in [(1, 0.5, 0.75), (2, 1.0, 1.5)] {
                let pause = seconds(pause(MAX_TRIES, tried, &error)).unwrap();
                assert!((from..=to).contains(&pause), "{tried}: {pause}");
            }
            assert_eq!(pause(MAX_TRIES, 3, &error), None);
            assert_eq!(pause(1, 1, &error), None);
        }
    }

    #[test]
    fn a_push_service_is_never_asked_again_before_the_time_it_names() {
        for (asked, to) in [(0, 0.0), (1, 1.5), (30, 45.0)] {
            let pause = seconds(pause(MAX_TRIES, 1, &busy(429, Some(asked)))).unwrap();
            assert!((asked as f64..=to).contains(&pause), "{asked}: {pause}");
        }
        assert_eq!(pause(MAX_TRIES, 1, &busy(503, Some(31))), None);
    }

    #[test]
    fn pauses_differ_so_that_senders_do_not_come_back_together() {
        let pauses: Vec<_> = (0..64).map(|_| seconds(pause(MAX_TRIES, 1, &busy(500, None))).unwrap()).collect();
        // 64 numbers of a fair chance lie on one side of the middle once in 2^63 times.
        assert!(pauses.iter().any(|pause| *pause < 0.625) && pauses.iter().any(|pause| *pause > 0.625), "{pauses:?}");
    }

    #[test]
    fn what_time_does_not_cure_is_not_tried_again() {
        let answer = || Answer::new(StatusCode::BAD_REQUEST);
        for error in [
            SendError::Refused(answer()),
            SendError::Gone(answer()),
            SendError::Unreachable(Unreachable::Tls("UnknownIssuer".into())),
            SendError::Unreachable(Unreachable::NotHttp),
        ] {
            assert_eq!(pause(MAX_TRIES, 1, &error), None, "{error:?}");
        }
    }
}
