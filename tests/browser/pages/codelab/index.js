// A classic script: its functions are global, so that onclick finds them.

const VAPID_PUBLIC_KEY = 'PASTE THE PUBLIC KEY HERE';

function element(id) {
  return document.getElementById(id);
}

// subscribe() once took bytes only.
function urlB64ToUint8Array(text) {
  const padded = text.padEnd(Math.ceil(text.length / 4) * 4, '=');
  const binary = atob(padded.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(binary, character => character.charCodeAt(0));
}

function currentRegistration() {
  return navigator.serviceWorker.getRegistration();
}

async function currentSubscription() {
  const registration = await currentRegistration();
  return registration ? registration.pushManager.getSubscription() : null;
}

function post(path, value) {
  const withBody = { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
  return fetch(path, { method: 'POST', ...(value && withBody) });
}

async function showState() {
  const registration = await currentRegistration();
  const subscription = await currentSubscription();
  element('register').disabled = Boolean(registration);
  element('unregister').disabled = !registration;
  element('subscribe').disabled = !registration || Boolean(subscription);
  element('unsubscribe').disabled = element('notify-me').disabled = !subscription;
  element('registration-status-message').textContent = registration ? 'Scope: ' + registration.scope : 'Not registered';
  element('subscription-status-message').textContent = subscription ? 'Endpoint: ' + subscription.endpoint : 'Not subscribed';
  element('notification-status-message').textContent = subscription ? 'Ready' : 'Not ready';
}

async function registerServiceWorker() {
  await navigator.serviceWorker.register('./service-worker.js');
  await navigator.serviceWorker.ready;
  await showState();
}

async function unregisterServiceWorker() {
  await (await currentRegistration()).unregister();
  await showState();
}

async function subscribeToPush() {
  const registration = await currentRegistration();
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: urlB64ToUint8Array(VAPID_PUBLIC_KEY),
  });
  await post('/add-subscription', subscription);
  await showState();
}

async function unsubscribeFromPush() {
  const subscription = await currentSubscription();
  await post('/remove-subscription', { endpoint: subscription.endpoint });
  await subscription.unsubscribe();
  await showState();
}

async function notifyMe() {
  const subscription = await currentSubscription();
  const answer = await post('/notify-me', { endpoint: subscription.endpoint });
  element('notification-status-message').textContent = 'Notify me: ' + answer.status;
}

async function notifyAll() {
  const answer = await post('/notify-all');
  element('notification-status-message').textContent =
    answer.status === 409 ? 'Nobody has subscribed yet' : 'Notify all: ' + answer.status;
}

window.onload = showState;
