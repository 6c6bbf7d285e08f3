// Steps 1 and 2: the service worker and the subscription, from the buttons' actions to repairing what no longer fits.

import * as api from './api.js';
import { permissionDenied, permissionDismissed, registrationProblem, subscriptionProblem } from './problems.js';
import { pushing, refreshServer, takePushes } from './progress.js';
import * as push from './push.js';
import { render, run, state } from './state.js';

const SLOW_MILLISECONDS = 10_000;

// Stops waiting for a pending subscribe(), which cannot be aborted and may never answer.
let giveUp = () => {};

// --- step 1: service worker -----------------------------------------------------------------------------------------

/** Takes a registration into the state, with its worker's version and its subscription. */
export const takeRegistration = async registration => {
  state.registration = registration;
  if (!registration?.active) return;
  registration.active.addEventListener('statechange', render);
  push.workerVersion(registration.active).then(version => {
    state.workerVersion = version;
    render();
  });
  state.subscription = await push.findSubscription(registration);
};

export const register = () => run('registration', 'register', async () => takeRegistration(await push.register()), registrationProblem);

// Unregistering also ends the subscription (Push API, "Push subscription": lifetime). The server is told first, because
// the endpoint is not known afterwards.
export const unregister = () =>
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
  await pushing(() => api.add(push.toStored(state.subscription)));
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
  if (!problem) return run('subscription', 'subscribe', subscribeWithServerKey, subscriptionProblem);
  state.problems.subscription = problem;
  render();
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
    await endSubscription();
  });

// --- repair ---------------------------------------------------------------------------------------------------------

// A subscription belongs to one VAPID key (RFC 8292 §4). After the server has made a new key, push services refuse each push
// to the old subscription, and the browser refuses subscribe() with the new key until the old subscription has ended.
const resubscribe = async () => {
  state.note = 'The server’s VAPID key has changed. Subscribing again with the new key …';
  render();
  const { permission } = push.capabilities();
  await endSubscription();
  state.note = 'The server’s VAPID key has changed, so the old subscription was ended. Press Subscribe to go on.';
  if (permission !== 'granted') return;
  await subscribeWithServerKey();
  state.note = 'The server’s VAPID key had changed: this browser has ended its old subscription and subscribed again.';
};

// Posts the subscription again, because the server may have lost it, unless it was made with another key.
const reconcile = async () => {
  const key = push.keyOf(state.subscription);
  if (key && key !== state.serverKey) return resubscribe();
  try {
    const { push: welcome } = await api.add(push.toStored(state.subscription));
    if (welcome) {
      state.note = 'The server no longer had this subscription: it is stored again.';
      takePushes([welcome]);
    }
  } catch (error) {
    if (error.status !== 409) throw error;
    await resubscribe();
  }
  refreshServer();
};

/** Makes the server's and the browser's subscription fit each other. */
export const repair = () => run('subscription', 'subscribe', reconcile, subscriptionProblem);

/** The user looks at the page again: the server may have been restarted meanwhile, with another key. */
export const lookAgain = async () => {
  if (document.visibilityState !== 'visible') return;
  await refreshServer();
  const key = state.subscription && push.keyOf(state.subscription);
  if (key && state.serverUp && key !== state.serverKey) await repair();
};

/** The user changed the permission: allowing it solves a refusal, blocking it ends the subscription. */
export const permissionChanged = async () => {
  const allowed = push.capabilities().permission !== 'denied';
  if (allowed && [permissionDenied, permissionDismissed].includes(state.problems.subscription)) state.problems.subscription = null;
  if (state.subscription && !(await push.findSubscription(state.registration))) {
    state.note = 'The browser ended the subscription because notifications are no longer allowed.';
    return run('subscription', 'unsubscribe', endSubscription);
  }
  render();
};
