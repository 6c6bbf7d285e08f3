//! The queue's order and bounds, without a network.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use super::{MAX_WAITING, Push, Queue};
use crate::push::Subscription;

fn push(line: usize, tried: u32) -> Push {
    // The example of RFC 8291, section 5.
    let json = r#"{"endpoint":"https://push.example/x","keys":{"auth":"BTBZMqHH6r4Tts7J_aSIgg","p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"}}"#;
    Push { line, subscription: Subscription::from_json(json).unwrap(), tried }
}

/// Line and tries of the next push, which is over at once.
fn next(queue: &Queue) -> Option<(usize, u32)> {
    let push = queue.next()?;
    queue.finish();
    Some((push.line, push.tried))
}

/// Adds a push, begins it, and lets it wait for its next try. Whether there was room.
fn retry(queue: &Queue, line: usize, tried: u32, pause: Duration) -> bool {
    assert!(queue.add(push(line, tried)));
    let refused = queue.retry(queue.next().unwrap(), pause);
    if refused.is_some() {
        queue.finish();
    }
    refused.is_none()
}

#[test]
fn a_retry_that_is_due_comes_first_and_one_that_is_not_holds_up_no_other() {
    let queue = Queue::new(8);
    assert!(retry(&queue, 1, 0, Duration::from_secs(3600)));
    assert!(retry(&queue, 2, 1, Duration::ZERO));
    queue.add(push(3, 0));
    queue.add(push(4, 0));
    assert_eq!([next(&queue), next(&queue), next(&queue)], [Some((2, 2)), Some((3, 0)), Some((4, 0))]);
}

#[test]
fn a_retry_is_waited_for_and_nothing_is_left_at_the_end() {
    let queue = Queue::new(1);
    assert!(retry(&queue, 1, 0, Duration::from_millis(20)));
    queue.end();
    assert!(!queue.is_done());
    assert_eq!([next(&queue), next(&queue)], [Some((1, 1)), None]);
    assert!(queue.is_done());
}

#[test]
fn retries_that_are_due_at_the_same_moment_are_all_made() {
    let queue = Queue::new(8);
    let under_way = [1, 1, 1].map(|line| {
        queue.add(push(line, 0));
        queue.next().unwrap()
    });
    for push in under_way {
        assert!(queue.retry(push, Duration::ZERO).is_none());
    }
    queue.end();
    assert_eq!(
        [next(&queue), next(&queue), next(&queue), next(&queue)],
        [Some((1, 1)), Some((1, 1)), Some((1, 1)), None]
    );
}

#[test]
fn the_end_is_not_reached_while_a_push_under_way_may_be_tried_again() {
    let queue = Queue::new(2);
    queue.add(push(1, 0));
    queue.end();
    let under_way = queue.next().unwrap();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| next(&queue));
        assert!(queue.retry(under_way, Duration::ZERO).is_none());
        assert_eq!(other.join().unwrap(), Some((1, 1)));
    });
    assert_eq!(next(&queue), None);
}

#[test]
fn how_many_pushes_wait_is_bounded() {
    let queue = Queue::new(1);
    let room = (0..MAX_WAITING + 2).filter(|_| retry(&queue, 1, 0, Duration::from_secs(3600))).count();
    assert_eq!(room, MAX_WAITING);
}

#[test]
fn a_reader_waits_for_space_and_learns_that_the_queue_was_stopped() {
    let queue = Queue::new(1);
    assert!(queue.add(push(1, 0)));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| (queue.add(push(2, 0)), queue.add(push(3, 0))));
        assert_eq!(next(&queue), Some((1, 0)));
        assert!(!queue.is_stopped());
        queue.stop();
        let (_, third) = reader.join().unwrap();
        assert!(!third);
    });
    assert_eq!(next(&queue), None);
    assert!(!queue.is_done());
}

#[test]
fn stopping_leaves_what_was_not_begun() {
    let queue = Queue::new(4);
    queue.add(push(1, 0));
    queue.add(push(2, 0));
    queue.end();
    assert!(!queue.is_stopped());
    queue.stop();
    assert!(queue.is_stopped());
    assert_eq!(next(&queue), None);
    assert!(!queue.is_done());
}
