// The page: one state, the actions that change it, and at the end the handlers that call them.
// view.js draws the state, push.js talks to the browser, server.js to the application server, explain.js words failures.

import * as push from './push.js';
import * as server from './server.js';
import { deniedPermission, dismissedPermission, failed, refusedRegistration, refusedSubscription, sentence } from './explain.js';
import { render as draw, tailOf } from './view.js';

const SLOW_MILLISECONDS = 10_000;
const EVENT_CACHE = 'barepush-events'; // the worker writes it
const $ = id => document.getElementById(id);

const state = {
  looked: false, // for a registration
  registration: undefined,
  subscription: null,
  workerVersion: null,
  serverUp: null, // null: not known yet
  server: null, // what /status answered
  serverKey: null,
  serverRefusal: '',
  asking: false, // the permission prompt is open
  waiting: false, // the push service is slow
  busy: new Set(), // ids of the buttons whose action is under way
  problems: { registration: null, subscription: null, notification: null },
  note: '',
  nobody: false, // notify-all found no subscription
  scheduled: 0, // seconds
  outcome: null, // the last push's, one for each endpoint
  way: {}, // how far the last push came
  events: [],
  showSecrets: false,
};

const render = () => draw(state);

// Leaves a pending subscribe() behind; it may never answer, and cannot be aborted.
let giveUp = () => {};

// --- running an action: busy button, failure as a sentence, focus kept ------------------------------------------------

// A button that switches itself off would lose the keyboard's focus; the next step takes it.
const NEXT = { register: 'subscribe', unregister: 'register', subscribe: 'notify-me', unsubscribe: 'subscribe' };

const run = async (step, name, action, explain = failed) => {
  if (state.busy.has(name)) return;
  const focused = document.activeElement === $(name);
  state.busy.add(name);
  state.problems[step] = null;
  render();
  try {
    await action();
  } catch (error) {
    state.problems[step] = explain(error, push.capabilities());
    if (error instanceof server.ServerError && error.status === null) state.serverUp = false;
  }
  state.busy.delete(name);
  render();
  const lost = document.activeElement === document.body || document.activeElement === $(name);
  if (focused && lost) ($(name).disabled ? $(NEXT[name]) : $(name))?.focus();
};

// --- the server -----------------------------------------------------------------------------------------------------

const refreshServer = async () => {
  const before = { ...state.problems };
  try {
    [state.serverKey, state.server] = await Promise.all([server.publicKey(), server.status()]);
    state.serverUp = true;
    state.serverRefusal = '';
    // What had failed for want of the server is no problem any more.
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
  if (!last || state.way.sending || state.outcome?.some(push => push.at >= last.at)) return;
  state.outcome = [last];
  // What was received long before belongs to an earlier push.
  if (state.way.received?.at < (last.at - 30) * 1000) state.way = {};
  state.way.accepted ??= last;
  state.scheduled = 0;
};

const takePushes = pushes => {
  state.outcome = pushes;
  const own = state.subscription && tailOf(state.subscription.endpoint);
  state.way.accepted = pushes.find(({ tail }) => tail === own) ?? pushes[0];
};

// Any request that makes the server push: the stops light up from here, the worker reports the later ones.
const pushing = async request => {
  const before = state.way;
  Object.assign(state, { way: { sending: true }, nobody: false, scheduled: 0 });
  render();
  try {
    const answer = await request();
    state.way.sending = false;
    if (answer.scheduled) schedule(answer.scheduled);
    else if (answer.push) takePushes([answer.push]);
    else if (answer.pushes) takePushes(answer.pushes);
    else state.way = before;
  } catch (error) {
    state.way = before;
    throw error;
  } finally {
    refreshServer();
  }
};

const schedule = seconds => {
  state.scheduled = seconds;
  state.way.scheduled = true;
  setTimeout(refreshServer, (seconds + 2) * 1000);
};

// --- step 1: service worker -----------------------------------------------------------------------------------------

const takeRegistration = async registration => {
  state.registration = registration;
  if (!registration?.active) return;
  registration.active.addEventListener('statechange', render);
  push.workerVersion(registration.active).then(version => {
    state.workerVersion = version;
    render();
  });
  state.subscription = await push.findSubscription(registration);
};

const register = () => run('registration', 'register', async () => takeRegistration(await push.register()), refusedRegistration);

// Ending the registration ends its subscription too (Push API, "Push subscription": lifetime). The server is told first:
// afterwards nobody knows the endpoint any more.
const unregister = () =>
  run('registration', 'unregister', async () => {
    giveUp(new Error('the service worker was unregistered'));
    state.note = '';
    if (state.subscription) await endSubscription();
    await state.registration.unregister();
    state.registration = undefined;
    state.problems.subscription = state.problems.notification = null;
  });

// --- step 2: subscription -------------------------------------------------------------------------------------------

const subscribeWithServerKey = async () => {
  state.serverKey = await server.publicKey();
  const slow = setTimeout(() => {
    state.waiting = true;
    render();
  }, SLOW_MILLISECONDS);
  const left = new Promise((_, reject) => (giveUp = reject));
  try {
    state.subscription = await Promise.race([push.subscribe(state.registration, state.serverKey), left]);
  } finally {
    clearTimeout(slow);
    state.waiting = false;
  }
  await pushing(() => server.add(push.toStored(state.subscription)));
};

const subscribe = async () => {
  // First of all, nothing awaited before: later the click no longer counts as the user's wish.
  const answer = push.askPermission();
  state.asking = true;
  render();
  const permission = await answer;
  state.asking = false;
  state.note = '';
  const refusal = { denied: deniedPermission, default: dismissedPermission }[permission];
  if (!refusal) return run('subscription', 'subscribe', subscribeWithServerKey, refusedSubscription);
  state.problems.subscription = refusal;
  render();
};

// The browser's side is ended even when the server cannot be told.
const endSubscription = async () => {
  const ended = state.subscription;
  const told = await server.remove(ended.endpoint).then(() => true, () => false);
  await ended.unsubscribe();
  Object.assign(state, { subscription: null, showSecrets: false, way: {} });
  if (!told) state.note = 'Unsubscribed here, but the server could not be told. The push service will answer its next push with 410, gone.';
  refreshServer();
};

const unsubscribe = () =>
  run('subscription', 'unsubscribe', async () => {
    state.note = '';
    await endSubscription();
  });

// A subscription is bound to one VAPID key (RFC 8292 §4). After the server made a new one, each push to the old
// subscription would be refused, and subscribe() with the new key too, while the old subscription lives.
const renew = async () => {
  state.note = 'The server’s VAPID key has changed. Subscribing anew with it …';
  render();
  const { permission } = push.capabilities();
  await endSubscription();
  state.note = 'The server’s VAPID key has changed, so the old subscription was ended. Press Subscribe to go on.';
  if (permission !== 'granted') return;
  await subscribeWithServerKey();
  state.note = 'The server’s VAPID key had changed: this browser gave up its old subscription and subscribed anew.';
};

// On each load: same key as the server's? Then it is posted again, because servers lose subscriptions too.
const reconcile = async () => {
  const key = push.keyOf(state.subscription);
  if (key && key !== state.serverKey) return renew();
  try {
    const { push: welcome } = await server.add(push.toStored(state.subscription));
    if (welcome) {
      state.note = 'The server no longer had this subscription: it is stored again.';
      takePushes([welcome]);
    }
  } catch (error) {
    if (error.status !== 409) throw error;
    await renew();
  }
  refreshServer();
};

const mend = () => run('subscription', 'subscribe', reconcile, refusedSubscription);

// The page is looked at again: the server may have been started anew meanwhile, with another key.
const lookAgain = async () => {
  if (document.visibilityState !== 'visible') return;
  await refreshServer();
  const key = state.subscription && push.keyOf(state.subscription);
  if (key && state.serverUp && key !== state.serverKey) await mend();
};

// The user changed the permission in the browser's settings, which may cure a refusal, or answered our prompt, which may
// just have made one. Blocking ends the subscription.
const permissionChanged = async () => {
  const cured = push.capabilities().permission !== 'denied';
  if (cured && [deniedPermission, dismissedPermission].includes(state.problems.subscription)) state.problems.subscription = null;
  if (state.subscription && !(await push.findSubscription(state.registration))) {
    state.note = 'The browser ended the subscription when its permission went.';
    return run('subscription', 'unsubscribe', endSubscription);
  }
  render();
};

// --- step 3: notification -------------------------------------------------------------------------------------------

const message = () => {
  const fields = ['title', 'body', 'url', 'ttl', 'delay'].map(name => [name, $(`message-${name}`)]);
  const filled = fields.filter(([, field]) => field.value.trim() !== '');
  return Object.fromEntries(filled.map(([name, field]) => [name, field.type === 'number' ? field.valueAsNumber : field.value.trim()]));
};

const notify = (name, request) => {
  if (!$('message').reportValidity()) return;
  return run('notification', name, () => pushing(request));
};

const notifyMe = () => notify('notify-me', () => server.notifyMe(state.subscription.endpoint, message()));

const notifyAll = () =>
  notify('notify-all', async () => {
    try {
      return await server.notifyAll(message());
    } catch (error) {
      // The codelab's answer when nobody is subscribed: no failure, but a thing to say.
      if (error.status !== 409) throw error;
      state.nobody = true;
      return {};
    }
  });

const notifyLocally = async () => {
  const permission = await push.askPermission();
  if (permission !== 'granted') {
    $('local-status').textContent = 'Notifications are not allowed for this address: subscribe first, and choose Allow.';
    return;
  }
  try {
    await push.showLocally(state.registration);
    takeEvent({ at: Date.now(), type: 'local', title: 'A local notification' });
    $('local-status').textContent = 'The browser took it. If you do not see it, the system hides it.';
  } catch (error) {
    $('local-status').textContent = `The browser could not show it: ${error.message}. Look at the notification settings of the system.`;
  }
};

// --- what the worker reports ----------------------------------------------------------------------------------------

const followWay = event => {
  const { way } = state;
  if (event.type === 'received') {
    const expected = way.sending || way.scheduled || (way.accepted && !way.received);
    state.way = { ...(expected && !way.received ? way : { elsewhere: true }), received: event };
  } else if (['shown', 'clicked', 'failed'].includes(event.type) && way.received) {
    // A click that failed, later, takes nothing from the notification that was shown.
    if (event.type !== 'failed' || !way.shown) way[event.type] = event;
  }
};

const takeEvent = event => {
  state.events = [...state.events, event];
  followWay(event);
  if (event.type === 'received' && state.scheduled) refreshServer();
  if (event.type === 'resubscribed') start();
  render();
};

// Also those from while no page was open.
const loadEvents = async () => {
  if (!('caches' in window)) return;
  const cache = await caches.open(EVENT_CACHE);
  const kept = await Promise.all((await cache.keys()).map(async key => (await cache.match(key)).json()));
  state.events = kept.sort((one, other) => one.at - other.at);
  state.events.forEach(followWay);
};

const clearLog = async () => {
  state.events = [];
  render();
  await caches.delete(EVENT_CACHE);
};

// --- small things ---------------------------------------------------------------------------------------------------

const copy = async (text, done) => {
  try {
    await navigator.clipboard.writeText(text);
    $('toast').textContent = done;
  } catch {
    $('toast').textContent = 'The browser did not allow copying: select the text and copy it yourself.';
  }
  setTimeout(() => ($('toast').textContent = ''), 4000);
};

const copySubscription = () =>
  copy(JSON.stringify(push.toStored(state.subscription)), 'Copied with its secrets: treat it like a password.');

const toggleSecrets = () => {
  state.showSecrets = !state.showSecrets;
  render();
};

const start = async () => {
  render();
  await loadEvents().catch(() => {}); // a window without storage has no log
  await refreshServer();
  if (push.capabilities().worker) {
    await takeRegistration(await push.findRegistration().catch(() => undefined));
  }
  state.looked = true;
  render();
  if (state.subscription && state.serverKey) await mend();
};

// --- handlers -------------------------------------------------------------------------------------------------------

$('register').addEventListener('click', register);
$('unregister').addEventListener('click', unregister);
$('subscribe').addEventListener('click', subscribe);
$('unsubscribe').addEventListener('click', unsubscribe);
$('notify-all').addEventListener('click', notifyAll);
$('notify-local').addEventListener('click', notifyLocally);
$('retry').addEventListener('click', start);
$('show-secrets').addEventListener('click', toggleSecrets);
$('copy-subscription').addEventListener('click', copySubscription);
$('clear-log').addEventListener('click', clearLog);
$('message').addEventListener('submit', event => {
  event.preventDefault();
  notifyMe();
});
for (const button of document.querySelectorAll('.copy')) {
  button.addEventListener('click', () => copy($(button.dataset.copy).textContent, 'Copied.'));
}
new BroadcastChannel('barepush').addEventListener('message', event => takeEvent(event.data));
addEventListener('visibilitychange', lookAgain);
push.watchPermission(permissionChanged);
start();
