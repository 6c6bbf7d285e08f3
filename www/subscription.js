// Steps 1 and 2: the service worker and the subscription, and how the page repairs them when they no longer fit the server.

import * as api from './api.js';
import { permissionDenied, permissionDismissed, registrationProblem, sentence, subscriptionProblem } from './problems.js';
import { pushing, refreshServer, takeLastPush, takePushes } from './progress.js';
import * as push from './push.js';
import { render, run, state } from './state.js';

const SLOW_MILLISECONDS = 10_000;
const KEY_CHANGED = 'The server’s VAPID key has changed.';
const GONE = 'The push service no longer has this subscription.';

// Stops waiting for a pending subscribe(), which cannot be aborted and may never answer.
let giveUp = () => {};

// --- what the browser has -------------------------------------------------------------------------------------------

const takeRegistration = async registration => {
  const worker = registration?.active;
  if (worker && worker !== state.registration?.active) {
    worker.addEventListener('statechange', render);
    push.workerVersion(worker).then(version => {
      state.workerVersion = version;
      render();
    });
  }
  if (registration && !state.registration) state.problems.registration = null;
  state.registration = registration;
  takeSubscription(worker ? await push.findSubscription(registration).catch(() => state.subscription) : null);
};

const takeSubscription = subscription => {
  const before = state.subscription;
  state.subscription = subscription;
  if (subscription && !before) state.problems.subscription = state.problems.notification = null;
  if (!before || subscription?.endpoint === before.endpoint) return;
  Object.assign(state, { progress: {}, showSecrets: false });
  const denied = push.capabilities().permission === 'denied';
  state.note = denied
    ? 'The browser ended the subscription because notifications are no longer allowed.'
    : 'This browser’s subscription was ended or replaced: in another tab, or by the browser.';
  api.remove(before.endpoint).then(refreshServer, () => {}); // unknown to the server, or removed at its next push
};

/** Looks at the registration and the subscription again: another tab, the user or the browser may have changed either. */
export const lookAtBrowser = async () => {
  if (push.capabilities().worker) await takeRegistration(await push.findRegistration().catch(() => state.registration));
  takeLastPush();
};

// --- step 1: service worker -----------------------------------------------------------------------------------------

export const register = () => run('registration', 'register', async () => takeRegistration(await push.register()), registrationProblem);

// Unregistering also ends the subscription (Push API, "Push subscription": lifetime). The endpoint is removed from the
// server first, because it is not known afterwards.
export const unregister = () =>
  run('registration', 'unregister', async () => {
    giveUp(new Error('the service worker was unregistered'));
    state.note = '';
    await lookAtBrowser();
    if (state.subscription) await endSubscription();
    await state.registration?.unregister();
    state.registration = undefined;
    state.problems.subscription = state.problems.notification = null;
  });

// --- step 2: subscription -------------------------------------------------------------------------------------------

const subscribeWithServerKey = async () => {
  state.serverKey = await api.publicKey();
  const slow = setTimeout(() => {
    state.waiting = true;
    render();
  }, SLOW_MILLISECONDS);
  const givenUp = new Promise((_, reject) => (giveUp = reject));
  try {
    state.subscription = await Promise.race([push.subscribe(state.registration, state.serverKey), givenUp]);
  } finally {
    clearTimeout(slow);
    state.waiting = false;
  }
  await storeNewSubscription();
};

// A new subscription that the server does not keep, or that the push service does not know, is of no use: it is ended, so
// that Subscribe can be pressed again.
const storeNewSubscription = async () => {
  try {
    const { push: welcome } = await pushing(() => api.add(push.toStored(state.subscription)));
    if (welcome?.class === 'gone') await endSubscription();
    state.problems.notification = null;
  } catch (error) {
    if (error.status === 409) await endSubscription();
    throw error;
  }
};

export const subscribe = async () => {
  // Before anything is awaited: later the browser does not count the click any more.
  const answer = push.askPermission();
  state.asking = true;
  render();
  const permission = await answer;
  state.asking = false;
  state.note = '';
  const problem = { denied: permissionDenied, default: permissionDismissed }[permission];
  if (!problem) return run('subscription', 'subscribe', subscribeUnlessDone, subscriptionProblem);
  state.problems.subscription = problem;
  render();
};

const subscribeUnlessDone = async () => {
  await lookAtBrowser();
  if (state.registration && !state.subscription) await subscribeWithServerKey();
};

// Ends the subscription in the browser even when the server does not answer.
const endSubscription = async () => {
  const { subscription } = state;
  const removed = await api.remove(subscription.endpoint).then(() => true, () => false);
  await subscription.unsubscribe();
  Object.assign(state, { subscription: null, showSecrets: false, progress: {} });
  if (!removed) {
    state.note = 'Unsubscribed in this browser, but the server still has the subscription. The push service will answer its next push with 410 Gone.';
  }
  refreshServer();
};

export const unsubscribe = () =>
  run('subscription', 'unsubscribe', async () => {
    state.note = '';
    await lookAtBrowser();
    if (state.subscription) await endSubscription();
  });

// --- repair ---------------------------------------------------------------------------------------------------------

// A subscription belongs to one VAPID key (RFC 8292 §4). After the server has made a new key, push services refuse each push
// to the old subscription, and the browser refuses subscribe() with the new key until the old subscription has ended.
const resubscribe = async reason => {
  state.note = `${reason} Subscribing again …`;
  render();
  const { permission } = push.capabilities();
  await endSubscription();
  state.note = `${reason} The old subscription was ended. Press Subscribe to go on.`;
  if (permission !== 'granted') return;
  await subscribeWithServerKey();
  if (state.subscription) state.note = `${reason} This browser has ended its old subscription and subscribed again.`;
};

// Posts the subscription again, because the server may have lost it, unless it can no longer be used.
const reconcile = async () => {
  const key = push.keyOf(state.subscription);
  if (key && state.serverKey && key !== state.serverKey) return resubscribe(KEY_CHANGED);
  try {
    const { push: welcome } = await api.add(push.toStored(state.subscription));
    if (welcome?.class === 'gone') return await resubscribe(GONE);
    if (welcome) {
      state.note = 'The server no longer had this subscription: it is stored again.';
      takePushes([welcome]);
    }
  } catch (error) {
    if (error.status !== 409) throw error;
    return resubscribe(sentence(error.message));
  }
  refreshServer();
};

/** Makes the server's and the browser's subscription fit each other. */
export const repair = () => run('subscription', 'subscribe', reconcile, subscriptionProblem);

// By the class of a push's result: why this subscription cannot be used any more.
const UNUSABLE = { gone: GONE, 'other-key': KEY_CHANGED };

/** Whether a result shows that this browser's subscription can no longer be used; then subscribes again. */
export const repairAfter = async result => {
  const reason = UNUSABLE[result?.class];
  if (!reason || !state.subscription) return false;
  await run('subscription', 'subscribe', () => resubscribe(reason), subscriptionProblem);
  return Boolean(state.subscription);
};

let looking = false;

/** The user looks at the page again: another tab may have unsubscribed, the server may have a new key. */
export const lookAgain = async () => {
  if (document.visibilityState !== 'visible' || !state.looked || state.busy.size || looking) return;
  looking = true;
  state.nobody = false;
  await refreshServer();
  await lookAtBrowser();
  looking = false;
  render();
  const key = state.subscription && push.keyOf(state.subscription);
  if (key && state.serverUp && key !== state.serverKey) await repair();
};

/** The user changed the permission: allowing it solves a refusal, blocking it ends the subscription. */
export const permissionChanged = async () => {
  const allowed = push.capabilities().permission !== 'denied';
  if (allowed && [permissionDenied, permissionDismissed].includes(state.problems.subscription)) state.problems.subscription = null;
  if (state.subscription) await lookAtBrowser();
  render();
};
