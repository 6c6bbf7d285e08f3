//! The queue's order and bounds, without threads or a network.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use super::{Left, MAX_WAITING, Push, Queue, Task};
use crate::push::subscription::Subscription;

fn push(line: usize, tried: u32) -> Push {
    // The example of RFC 8291, section 5.
    let json = r#"{"endpoint":"https://push.example/x","keys":{"auth":"BTBZMqHH6r4Tts7J_aSIgg","p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"}}"#;
    Push { line, subscription: Subscription::from_json(json).unwrap(), tried }
}

fn task(line: usize) -> Task {
    Task::Push(Box::new(push(line, 0)))
}

/// Line and tries of the next push; none when the next thing is no push.
fn next(queue: &Queue) -> Option<(usize, u32)> {
    match queue.next()?.take() {
        Task::Push(push) => Some((push.line, push.tried)),
        _ => None,
    }
}

#[test]
fn a_retry_that_is_due_comes_first_and_one_that_is_not_holds_up_nobody() {
    let queue = Queue::new(8);
    assert!(queue.wait(&push(1, 0), Duration::from_secs(3600)));
    assert!(queue.wait(&push(2, 1), Duration::ZERO));
    queue.add(task(3));
    queue.add(task(4));
    assert_eq!([next(&queue), next(&queue), next(&queue)], [Some((2, 2)), Some((3, 0)), Some((4, 0))]);
}

#[test]
fn a_retry_is_waited_for_and_nothing_is_left_at_the_end() {
    let queue = Queue::new(1);
    assert!(queue.wait(&push(1, 0), Duration::from_millis(20)));
    queue.end(None);
    assert_eq!([next(&queue), next(&queue)], [Some((1, 1)), None]);
    assert_eq!(queue.left().unwrap(), Left { stopped: false, untold: 0 });
}

#[test]
fn the_end_is_not_reached_while_somebody_may_put_a_push_back() {
    let queue = Queue::new(2);
    queue.add(task(1));
    queue.end(None);
    let lease = queue.next().unwrap();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| next(&queue));
        assert!(queue.wait(&push(1, 0), Duration::ZERO));
        drop(lease);
        assert_eq!(other.join().unwrap(), Some((1, 1)));
    });
    assert_eq!(next(&queue), None);
}

#[test]
fn what_waits_is_bounded() {
    let queue = Queue::new(1);
    let push = push(1, 0);
    let room = (0..MAX_WAITING + 2).filter(|_| queue.wait(&push, Duration::from_secs(3600))).count();
    assert_eq!(room, MAX_WAITING);
}

#[test]
fn a_reader_waits_for_room_and_is_told_when_nobody_wants_more() {
    let queue = Queue::new(1);
    assert!(queue.add(task(1)));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| (queue.add(task(2)), queue.add(task(3))));
        assert_eq!(next(&queue), Some((1, 0)));
        assert!(!queue.is_stopped());
        queue.stop();
        let (_, third) = reader.join().unwrap();
        assert!(!third);
    });
    assert_eq!(next(&queue), None);
    assert!(queue.left().unwrap().stopped);
}

#[test]
fn stopping_leaves_what_was_not_begun() {
    let queue = Queue::new(4);
    queue.add(task(1));
    queue.add(task(2));
    queue.end(None);
    assert!(!queue.is_stopped());
    queue.stop();
    assert!(queue.is_stopped());
    assert_eq!(next(&queue), None);
    assert_eq!(queue.left().unwrap(), Left { stopped: true, untold: 2 });
}

#[test]
fn help_is_asked_for_only_while_there_is_more_to_do_and_room_for_a_thread() {
    let queue = Queue::new(2);
    queue.add(task(1));
    assert!(!queue.next().unwrap().help);
    queue.add(task(2));
    queue.add(task(3));
    assert!(queue.next().unwrap().help);
    queue.add(task(4));
    assert!(!queue.next().unwrap().help);
    queue.one_less();
    assert!(!queue.next().unwrap().help);
}
