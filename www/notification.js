// Step 3: the message form, pushes to this browser and to all, and a notification without a push.

import * as api from './api.js';
import { $, setText } from './dom.js';
import { scheduledNotReported } from './problems.js';
import { pushing, refreshServer, takeEvent } from './progress.js';
import * as push from './push.js';
import { render, run, state } from './state.js';
import { lookAtBrowser, repair, repairAfter } from './subscription.js';

// A scheduled push is made by the server's clock and then takes its time to the push service.
const GRACE_SECONDS = 2;

const message = () => {
  const fields = ['title', 'body', 'url', 'ttl', 'delay'].map(name => [name, $(`message-${name}`)]);
  const filled = fields.filter(([, field]) => field.value.trim() !== '');
  return Object.fromEntries(filled.map(([name, field]) => [name, field.type === 'number' ? field.valueAsNumber : field.value.trim()]));
};

const notify = (name, action) => {
  // A browser cannot point at a field that is folded away, so it is not left to check the form by itself.
  if (!$('message').checkValidity()) $('message-options').open = true;
  if ($('message').reportValidity()) return run('notification', name, action);
};

// --- scheduled ------------------------------------------------------------------------------------------------------

// The page says that a push is scheduled only until its time is over: a server that was stopped has dropped it.
const watchSchedule = () => {
  const { scheduled } = state;
  if (scheduled) setTimeout(() => endSchedule(scheduled), (scheduled.seconds + GRACE_SECONDS) * 1000);
};

const endSchedule = async scheduled => {
  if (state.scheduled === scheduled) await refreshServer();
  if (state.scheduled === scheduled) {
    Object.assign(state, { scheduled: null, progress: {} });
    state.problems.notification = scheduledNotReported;
    render();
  }
  await repairAfter(state.progress.result);
};

// --- to this browser, to all ----------------------------------------------------------------------------------------

const pushNow = () => pushing(() => api.notifyMe(state.subscription.endpoint, message()));

// The server may have lost the subscription. Then it is stored again, and the message is sent once more.
const pushStored = async () => {
  try {
    return await pushNow();
  } catch (error) {
    if (error.status !== 404) throw error;
    return (await repair()) && state.subscription ? pushNow() : {};
  }
};

export const notifyMe = () =>
  notify('notify-me', async () => {
    await lookAtBrowser();
    if (!state.subscription) return;
    const { push: result } = await pushStored();
    if (await repairAfter(result)) await pushNow();
    watchSchedule();
  });

const pushAll = async () => {
  try {
    return await api.notifyAll(message());
  } catch (error) {
    if (error.status !== 409) throw error;
    return { pushes: [] };
  }
};

export const notifyAll = () =>
  notify('notify-all', async () => {
    await lookAtBrowser();
    const { pushes } = await pushing(pushAll, { all: true });
    // Nobody has subscribed: a status, as in the codelab, not a problem.
    state.nobody = pushes?.length === 0;
    await repairAfter(state.progress.result);
    watchSchedule();
  });

// --- without a push -------------------------------------------------------------------------------------------------

export const notifyLocally = async () => {
  const permission = await push.askPermission();
  if (permission !== 'granted') {
    return setText('local-status', 'Notifications are not allowed for this address: subscribe first, and choose Allow.');
  }
  try {
    await push.showLocally(state.registration);
    takeEvent({ at: Date.now(), type: 'local', title: 'A local notification' });
    setText('local-status', 'The browser accepted it. If you do not see it, the operating system hides it.');
  } catch (error) {
    setText('local-status', `The browser could not show it: ${error.message}. Look at the notification settings of the operating system.`);
  }
};
