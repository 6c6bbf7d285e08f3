// How far the last push came: the server's answers and status up to the push service, the worker's reports from there.

import * as api from './api.js';
import { sentence } from './problems.js';
import { tailOf } from './push.js';
import { render, state } from './state.js';

const EVENT_CACHE = 'barepush-events'; // sw.js writes it

// --- the server -----------------------------------------------------------------------------------------------------

/** Asks the server for its key and status, and shows its last push. */
export const refreshServer = async () => {
  const before = { ...state.problems };
  try {
    [state.serverKey, state.server] = await Promise.all([api.publicKey(), api.status()]);
    state.serverUp = true;
    state.serverRefusal = '';
    // The server answers again, so what failed only because it did not is solved.
    for (const [step, problem] of Object.entries(before)) {
      if (problem?.help.includes('server') && state.problems[step] === problem) state.problems[step] = null;
    }
    takeLastPush(state.server.last_push);
  } catch (error) {
    state.serverUp = error.status === null ? false : true;
    state.serverRefusal = error.status === null ? '' : `${sentence(error.message)} ${sentence(error.hint)}`;
  }
  render();
};

// A push that was scheduled, or made before this page was opened.
const takeLastPush = last => {
  if (!last || state.progress.sending || state.outcome?.some(push => push.at >= last.at)) return;
  state.outcome = [last];
  // What was received long before belongs to an earlier push.
  if (state.progress.received?.at < (last.at - 30) * 1000) state.progress = {};
  state.progress.accepted ??= last;
  state.scheduled = 0;
};

/** Shows the results of pushes that the server has just made. */
export const takePushes = pushes => {
  state.outcome = pushes;
  const own = state.subscription && tailOf(state.subscription.endpoint);
  state.progress.accepted = pushes.find(({ tail }) => tail === own) ?? pushes[0];
};

const schedule = seconds => {
  state.scheduled = seconds;
  state.progress.scheduled = true;
  setTimeout(refreshServer, (seconds + 2) * 1000);
};

/** Sends a request that makes the server push, and shows its results. The worker reports what happens later. */
export const pushing = async request => {
  const before = state.progress;
  Object.assign(state, { progress: { sending: true }, nobody: false, scheduled: 0 });
  render();
  try {
    const answer = await request();
    state.progress.sending = false;
    if (answer.scheduled) schedule(answer.scheduled);
    else if (answer.push) takePushes([answer.push]);
    else if (answer.pushes) takePushes(answer.pushes);
    else state.progress = before;
  } catch (error) {
    state.progress = before;
    throw error;
  } finally {
    refreshServer();
  }
};

// --- the worker -----------------------------------------------------------------------------------------------------

const follow = event => {
  const { progress } = state;
  if (event.type === 'received') {
    const expected = progress.sending || progress.scheduled || (progress.accepted && !progress.received);
    state.progress = { ...(expected && !progress.received ? progress : { elsewhere: true }), received: event };
  } else if (['shown', 'clicked', 'failed'].includes(event.type) && progress.received) {
    // A click that fails does not undo that the notification was shown.
    if (event.type !== 'failed' || !progress.shown) progress[event.type] = event;
  }
};

/** Adds an event that the worker reports. */
export const takeEvent = event => {
  state.events = [...state.events, event];
  follow(event);
  if (event.type === 'received' && state.scheduled) refreshServer();
  render();
};

/** Reads the events that the worker has kept, also those from while no page was open. */
export const loadEvents = async () => {
  if (!('caches' in window)) return;
  const cache = await caches.open(EVENT_CACHE);
  const kept = await Promise.all((await cache.keys()).map(async key => (await cache.match(key)).json()));
  state.events = kept.sort((one, other) => one.at - other.at);
  state.events.forEach(follow);
};

/** Deletes the events. */
export const clearLog = async () => {
  state.events = [];
  render();
  await caches.delete(EVENT_CACHE);
};
