// How far the last push came: the server's answers and status up to the push service, the worker's reports from there.

import * as api from './api.js';
import { otherProblem, scheduledNotReported } from './problems.js';
import { tailOf } from './push.js';
import { render, state } from './state.js';

const EVENT_CACHE = 'barepush-events'; // sw.js writes it

const isOwn = push => state.subscription && push.tail === tailOf(state.subscription.endpoint);

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
    takeLastPush();
  } catch (error) {
    state.serverUp = error.status !== null;
    const { says, hint } = otherProblem(error);
    state.serverRefusal = error.status === null ? '' : `${says} ${hint}`;
  }
  render();
};

/** Shows the server's last push if it went to this browser: it was scheduled, or made before this page was opened. */
export const takeLastPush = () => {
  const last = state.server?.last_push;
  if (!last || state.progress.sending) return;
  if (state.scheduled?.all && last.at > state.scheduled.after) state.scheduled = null;
  if (!isOwn(last) || state.outcome?.pushes.some(push => push.at >= last.at)) return;
  state.outcome = { pushes: [last] };
  // What was received long before belongs to an earlier push.
  if (state.progress.received?.at < (last.at - 30) * 1000) state.progress = {};
  state.progress.result ??= last;
  state.scheduled = null;
  if (state.problems.notification === scheduledNotReported) state.problems.notification = null;
};

/** Shows the results of pushes that the server has just made. Of many, the server lists only the first. */
export const takePushes = (pushes, counts) => {
  if (!pushes.length) return;
  state.outcome = { pushes, counts };
  const own = pushes.find(isOwn);
  if (own) state.progress.result = own;
};

// What the answer of a request for a push says.
const takeAnswer = ({ push, pushes, counts, scheduled }, all) => {
  if (scheduled) {
    state.scheduled = { seconds: scheduled, all, after: state.server?.last_push?.at ?? 0 };
    if (state.subscription) state.progress = { scheduled: true };
  } else if (push) {
    takePushes([push]);
  } else if (pushes?.length) {
    takePushes(pushes, counts);
  } else {
    return false;
  }
  return true;
};

/** Sends a request that makes the server push, and shows its results. The worker reports what happens later. */
export const pushing = async (request, { all = false } = {}) => {
  const before = state.progress;
  Object.assign(state, { progress: state.subscription ? { sending: true } : {}, nobody: false, scheduled: null });
  render();
  let pushed = false;
  try {
    const answer = await request();
    if (state.subscription) state.progress.sending = false;
    pushed = takeAnswer(answer, all);
    return answer;
  } finally {
    if (!pushed) state.progress = before;
    refreshServer();
  }
};

// --- the worker -----------------------------------------------------------------------------------------------------

const follow = event => {
  const { progress } = state;
  if (event.type === 'received') {
    const expected = !progress.received && Object.keys(progress).length > 0;
    state.progress = { ...(expected ? progress : { elsewhere: true }), received: event };
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
