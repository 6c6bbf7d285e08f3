//! Pushes after a delay, and pushes to every subscription. Edit it to change how many may wait or are reported.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::Application;
use super::reply::{Reply, RouteResult};
use crate::http::Refusal;
use crate::push::{Class, Message, Pushed, Queue};
use crate::store::LocalError;

/// How many delayed pushes may wait at once; each is a thread that sleeps.
const MAX_DELAYED: usize = 16;
/// How many pushes of one notify-all are under way at once.
const JOBS: usize = 16;
/// How many results of one notify-all are in its answer, of those that stand first in the list: as many as a page can show.
const MAX_RESULTS: usize = 100;

/// Calls `push` and answers 200 with what it returns; or answers 202, and calls it after the delay.
pub(super) fn now_or_later(
    application: &Arc<Application>,
    delay_seconds: u64,
    push: impl FnOnce(&Application) -> Result<Value, Refusal> + Send + 'static,
) -> RouteResult {
    if delay_seconds == 0 {
        return Ok(Reply::json(200, &push(application)?));
    }
    let busy = || Refusal::new(500, "too many delayed pushes are waiting", "wait for them to be sent");
    let waiting = Arc::clone(&application.delayed);
    if application.delayed_pushes() > MAX_DELAYED {
        return Err(busy());
    }
    let application = Arc::clone(application);
    let later = move || {
        thread::sleep(Duration::from_secs(delay_seconds));
        if let Err(e) = push(&application) {
            application.log.event(&format!("cannot push: {}", e.error));
        }
        drop(waiting);
    };
    thread::Builder::new().name("delayed".into()).spawn(later).map_err(|_| busy())?;
    Ok(Reply::json(202, &json!({"scheduled": delay_seconds})))
}

/// Pushes to every stored subscription, 16 at once, and moves expired ones to the neighbour `.gone`. Returns the number of
/// results of each class, and the first results in the order of the list.
pub(super) fn push_all(application: &Application, message: &Message) -> Result<Value, Refusal> {
    let list = application.store.read()?.ok_or_else(none_stored)?;
    let (broken, breaks) = mpsc::channel();
    let list = list.map_while(move |entry| entry.map_err(|e| broken.send(e)).ok());
    let list = list.filter_map(|entry| Some((entry.line, entry.subscription().ok()?)));
    // Of a long list only the counts grow.
    let (mut counts, mut first, mut expired) = (BTreeMap::new(), BTreeMap::new(), HashSet::new());
    let report = |Pushed { line, endpoint, result }: Pushed| {
        application.report(&result);
        *counts.entry(result.class).or_insert(0) += 1;
        if result.class == Class::Gone {
            expired.insert(endpoint.as_str().to_owned());
        }
        first.insert(line, result);
        if first.len() > MAX_RESULTS {
            first.pop_last();
        }
        ControlFlow::Continue(())
    };
    let ran = application.sender.push_all(message, &Arc::new(Queue::new(JOBS)), list, report);
    if !expired.is_empty() {
        application.move_to_gone(|endpoint| expired.contains(endpoint.as_str()));
    }
    ran.map_err(LocalError::cannot_read(application.store.path()))?;
    match breaks.try_recv() {
        Ok(error) => Err(error.into()),
        // The last line went between the check and the reading.
        Err(_) if counts.is_empty() => Err(none_stored()),
        Err(_) => Ok(json!({"counts": counts, "pushes": first.into_values().collect::<Vec<_>>()})),
    }
}

pub(super) fn none_stored() -> Refusal {
    Refusal::new(409, "nobody has subscribed yet", "open the page and press Subscribe")
}
