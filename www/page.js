// The page's start, step 3 and the small buttons; at the end the handlers, which only call. state.js has the state,
// view.js and help.js draw it; subscription.js does steps 1 and 2; progress.js follows a push; push.js talks to the browser,
// api.js to the server; problems.js words what fails.

import * as api from './api.js';
import { clearLog, loadEvents, pushing, refreshServer, takeEvent } from './progress.js';
import * as push from './push.js';
import { render, run, state } from './state.js';
import { lookAgain, permissionChanged, register, repair, subscribe, takeRegistration, unregister, unsubscribe } from './subscription.js';

const $ = id => document.getElementById(id);

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

const notifyMe = () => notify('notify-me', () => api.notifyMe(state.subscription.endpoint, message()));

const notifyAll = () =>
  notify('notify-all', async () => {
    try {
      return await api.notifyAll(message());
    } catch (error) {
      // Nobody has subscribed: a status, as in the codelab, not a problem.
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
    $('local-status').textContent = 'The browser accepted it. If you do not see it, the operating system hides it.';
  } catch (error) {
    $('local-status').textContent = `The browser could not show it: ${error.message}. Look at the notification settings of the operating system.`;
  }
};

// --- small buttons --------------------------------------------------------------------------------------------------

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

// --- start ----------------------------------------------------------------------------------------------------------

const start = async () => {
  render();
  await loadEvents().catch(() => {}); // a window without storage has no log
  await refreshServer();
  if (push.capabilities().worker) {
    await takeRegistration(await push.findRegistration().catch(() => undefined));
  }
  state.looked = true;
  render();
  if (state.subscription && state.serverKey) await repair();
};

const hear = event => {
  takeEvent(event);
  if (event.type === 'resubscribed') start();
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
new BroadcastChannel('barepush').addEventListener('message', event => hear(event.data));
addEventListener('visibilitychange', lookAgain);
push.watchPermission(permissionChanged);
start();
