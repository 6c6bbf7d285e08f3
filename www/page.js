// The page's start and the small buttons; at the end the handlers, which only call. state.js has the state, view.js and help.js
// draw it; subscription.js does steps 1 and 2, notification.js step 3; progress.js follows a push; push.js talks to the browser,
// api.js to the server; problems.js words what fails.

import { $, setText } from './dom.js';
import { notifyAll, notifyLocally, notifyMe } from './notification.js';
import { clearLog, loadEvents, refreshServer, takeEvent } from './progress.js';
import * as push from './push.js';
import { render, state } from './state.js';
import { lookAgain, lookAtBrowser, permissionChanged, register, repair, subscribe, unregister, unsubscribe } from './subscription.js';

// --- small buttons --------------------------------------------------------------------------------------------------

const copy = async (text, done) => {
  try {
    await navigator.clipboard.writeText(text);
    setText('toast', done);
  } catch {
    setText('toast', 'The browser did not allow copying: select the text and copy it yourself.');
  }
  setTimeout(() => setText('toast', ''), 4000);
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
  await lookAtBrowser();
  state.looked = true;
  render();
  if (state.subscription && state.serverKey) await repair();
};

const onEvent = event => {
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
new BroadcastChannel('barepush').addEventListener('message', event => onEvent(event.data));
addEventListener('visibilitychange', lookAgain);
addEventListener('focus', lookAgain);
push.watchPermission(permissionChanged);
start();
