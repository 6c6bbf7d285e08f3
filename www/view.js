// From the one state object to the page: `render(state)` and nothing that calls the Push API or the server.

import { capabilities, keyOf, toStored } from './push.js';
import { pushServiceHelp, sentence } from './explain.js';

const $ = id => document.getElementById(id);

// Only what changed is written: a live region speaks at each write, and a selection survives.
const say = (id, text) => {
  if ($(id).textContent !== text) $(id).textContent = text;
};
const enable = (id, on) => {
  $(id).disabled = !on;
};
const yesNo = on => (on ? 'yes' : 'no');
const clock = milliseconds => {
  const at = new Date(milliseconds);
  const today = at.toDateString() === new Date().toDateString();
  return `${today ? '' : `${at.toLocaleDateString()} `}${at.toLocaleTimeString([], { hour12: false })}`;
};

/** What may be shown of an endpoint, which is a capability: host and last 8 characters. */
const hostOf = endpoint => new URL(endpoint).host;
export const tailOf = endpoint => endpoint.slice(-8);

// --- the three steps ------------------------------------------------------------------------------------------------

const renderButtons = (state, can) => {
  const { registration, subscription, busy } = state;
  const pushable = can.push && can.notifications;
  enable('register', state.looked && can.worker && !registration && !busy.has('register'));
  enable('unregister', registration && !busy.has('unregister'));
  enable('subscribe', registration && pushable && !subscription && !busy.has('subscribe'));
  enable('unsubscribe', subscription && !busy.has('unsubscribe'));
  enable('notify-me', subscription && !busy.has('notify-me'));
  enable('notify-all', !busy.has('notify-all'));
  enable('notify-local', registration && can.notifications);
};

const registrationStatus = ({ looked, registration, busy }, can) => {
  if (!can.worker) return 'Service workers are not supported here.';
  if (busy.has('register')) return 'Registering …';
  if (registration) return `Registered for the scope ${registration.scope}`;
  return looked ? 'No service worker is registered yet.' : 'Looking for a service worker …';
};

const subscriptionStatus = ({ registration, subscription, busy, asking }, can) => {
  if (!can.worker) return 'No subscription is possible without service workers.';
  if (!can.push || !can.notifications) return 'No subscription is possible: this browser has no Push API or no notifications here.';
  if (!registration) return 'Waits for a registered service worker.';
  if (asking) return 'Waiting for your answer to the permission prompt …';
  if (busy.has('subscribe') && !subscription) return 'Asking the push service for a subscription …';
  if (!subscription) return 'Ready to subscribe.';
  return `Subscribed at ${hostOf(subscription.endpoint)}, endpoint …${tailOf(subscription.endpoint)}`;
};

const notificationStatus = ({ registration, subscription, busy, nobody, scheduled }, can) => {
  if (busy.has('notify-me') || busy.has('notify-all')) return 'Pushing …';
  if (nobody) return 'No subscribed endpoint yet: subscribe a browser first, then notify all.';
  if (scheduled) return `The server will push in ${scheduled} s. You may close this tab, but leave the browser running.`;
  if (!can.worker) return 'Push is not possible without service workers.';
  if (!registration) return 'Waits for a registered service worker and a subscription.';
  return subscription ? 'Ready to push.' : 'Push is possible once you are subscribed.';
};

const renderSteps = (state, can) => {
  renderButtons(state, can);
  say('registration-status-message', registrationStatus(state, can));
  say('subscription-status-message', subscriptionStatus(state, can));
  say('notification-status-message', notificationStatus(state, can));
  for (const [step, problem] of Object.entries(state.problems)) say(`${step}-problem`, problem ? `${problem.says} ${problem.hint}` : '');
  say('subscription-note', state.note);
  say('subscription-waiting', state.waiting ? 'Still waiting for the push service. Some browsers never give up and never say why; reload the page to stop.' : '');
  $('step-registration').dataset.done = Boolean(state.registration);
  $('step-subscription').dataset.done = Boolean(state.subscription);
  $('step-notification').dataset.done = Boolean(state.way.shown);
};

// --- help, by case --------------------------------------------------------------------------------------------------

const HELP = ['server', 'insecure', 'certificate', 'ios', 'unsupported', 'denied', 'dismissed', 'push-service', 'brave', 'private'];

const helpFor = (state, can) => {
  const cases = new Set(Object.values(state.problems).flatMap(problem => problem?.help ?? []));
  const complete = can.worker && can.push && can.notifications;
  if (state.serverUp === false) cases.add('server');
  if (!can.secure) cases.add('insecure');
  if (can.secure && !complete) cases.add(can.ios ? 'ios' : 'unsupported');
  // An insecure context reports "denied" too, but there no setting helps.
  if (can.secure && can.permission === 'denied') cases.add('denied');
  if (state.waiting) pushServiceHelp(can.brave).forEach(each => cases.add(each));
  return cases;
};

const link = (selector, url) => {
  for (const anchor of document.querySelectorAll(selector)) {
    if (url) anchor.href = url;
  }
};

// The browser that is reading this, by the name its system starts it by.
const chromeCommand = (https, hash) => {
  const brands = navigator.userAgentData?.brands.map(({ brand }) => brand) ?? [];
  const chromium = brands.includes('Chromium') && brands.every(brand => !/Google Chrome|Edge|Brave|Opera/.test(brand));
  const flags = `--ignore-certificate-errors-spki-list=${hash} ${https}`;
  if (/Win/.test(navigator.platform)) return `start chrome --user-data-dir="%TEMP%\\barepush-chrome" ${flags}`;
  const program = /Mac/.test(navigator.platform) ? 'open -na "Google Chrome" --args' : chromium ? 'chromium' : 'google-chrome';
  return `${program} --user-data-dir=/tmp/barepush-chrome ${flags}`;
};

const renderHelp = (state, can) => {
  const cases = helpFor(state, can);
  for (const name of HELP) $(`help-${name}`).hidden = !cases.has(name);
  const { http, https, certificate } = state.server ?? {};
  link('.http-link', http);
  link('.https-link', https);
  for (const item of document.querySelectorAll('.needs-http')) item.hidden = !http;
  if (http) say('adb-command', `adb reverse tcp:${new URL(http).port} tcp:${new URL(http).port}`);
  say('chrome-command', chromeCommand(https ?? location.origin, certificate?.spki_sha256 ?? '…'));
  say('certutil-command', `certutil -d sql:$HOME/.pki/nssdb -A -t CP,, -n barepush -i ${certificate?.file ?? 'keys/tls_cert.pem'}`);
};

// --- the last push: its outcome and its way --------------------------------------------------------------------------

const renderOutcome = ({ outcome }) => {
  const failure = outcome?.find(push => !push.accepted);
  const accepted = outcome?.filter(push => push.accepted).length;
  $('outcome').dataset.state = !outcome ? '' : failure ? 'failed' : 'done';
  if (!outcome) return ['outcome-says', 'outcome-hint'].forEach(id => say(id, ''));
  const says = outcome.length === 1 ? outcome[0].says : `accepted ${accepted} of ${outcome.length}${failure ? `; ${failure.says}` : ''}`;
  say('outcome-says', `Last push, ${clock(outcome[0].at * 1000)}: ${says}`);
  const hint = (failure ?? outcome[0]).hint;
  say('outcome-hint', sentence(hint ?? '') || (failure ? '' : 'Accepted means the push service will try. The event log tells when it arrives.'));
};

const stop = (name, status, text) => {
  const item = $(`way-${name}`);
  item.dataset.state = status;
  const detail = item.querySelector('span');
  if (detail.textContent !== text) detail.textContent = text;
};

const renderWay = ({ way, subscription }) => {
  stop('subscription', subscription ? 'done' : '', subscription ? `…${tailOf(subscription.endpoint)}` : 'none yet');
  const { sending, scheduled, elsewhere, accepted } = way;
  if (accepted) stop('accepted', accepted.accepted ? 'done' : 'failed', accepted.accepted ? `accepted in ${accepted.milliseconds} ms` : accepted.class);
  else if (way.received) stop('accepted', 'done', elsewhere ? 'sent from elsewhere' : 'accepted');
  else if (sending) stop('accepted', 'waiting', 'sending …');
  else stop('accepted', scheduled ? 'waiting' : '', scheduled ? 'scheduled' : 'not yet');
  const waiting = accepted?.accepted && !way.received ? 'waiting' : '';
  stop('received', way.received ? 'done' : waiting, way.received ? `received ${clock(way.received.at)}` : 'not yet');
  if (way.failed) stop('shown', 'failed', 'failed');
  else stop('shown', way.shown ? 'done' : '', way.shown ? `shown ${clock(way.shown.at)}` : 'not yet');
  stop('clicked', way.clicked ? 'done' : '', way.clicked ? `clicked ${clock(way.clicked.at)}` : 'not yet');
};

// --- log and details ------------------------------------------------------------------------------------------------

const EVENTS = {
  received: 'received',
  shown: 'shown',
  clicked: 'clicked',
  failed: 'failed',
  resubscribed: 'subscribed anew',
  local: 'shown locally',
};

const entry = ({ at, type, title, why }) => {
  const item = document.createElement('li');
  item.dataset.type = type;
  for (const [tag, text] of [['time', clock(at)], ['b', EVENTS[type] ?? type], ['span', [title, why].filter(Boolean).join(': ')]]) {
    const part = document.createElement(tag);
    part.textContent = text;
    item.append(part);
  }
  item.firstChild.dateTime = new Date(at).toISOString();
  return item;
};

// Append only: the log is a live region, and rewriting it would read it all out again.
const renderLog = ({ events }) => {
  const log = $('log');
  if (events.length < log.children.length) log.replaceChildren();
  log.append(...events.slice(log.children.length).map(entry));
  const region = $('log-region');
  region.scrollTop = region.scrollHeight;
  region.hidden = $('clear-log').hidden = !events.length;
  $('log-empty').hidden = events.length > 0;
};

const masked = json => ({
  ...json,
  endpoint: `${new URL(json.endpoint).origin}/…${tailOf(json.endpoint)}`,
  keys: Object.fromEntries(Object.keys(json.keys ?? {}).map(name => [name, '•••'])),
});

const renderSubscription = ({ subscription, serverKey, server, showSecrets }) => {
  const key = subscription && keyOf(subscription);
  const match = !subscription ? 'no subscription yet' : !key ? 'this browser does not tell' : !serverKey ? 'the server does not answer' : yesNo(key === serverKey);
  say('key-match', match);
  say('stored', server ? String(server.stored) : 'unknown');
  const newest = server?.newest;
  const keyNote = newest?.key_matches === false ? ', made with another key' : '';
  say('newest', newest ? `${newest.service}, …${newest.tail}${keyNote}` : server ? 'none' : 'unknown');
  const json = subscription && toStored(subscription);
  say('subscription-json', json ? JSON.stringify(showSecrets ? json : masked(json), null, 2) : 'No subscription yet.');
  enable('show-secrets', subscription);
  enable('copy-subscription', subscription);
  say('show-secrets', showSecrets ? 'Hide secrets' : 'Show secrets');
};

const PERMISSIONS = { granted: 'granted', denied: 'denied', default: 'not asked yet', unknown: 'unknown' };

const renderBrowser = ({ registration, workerVersion }, can) => {
  say('can-secure', yesNo(can.secure));
  say('can-worker', yesNo(can.worker));
  say('can-push', yesNo(can.push));
  say('can-notifications', yesNo(can.notifications));
  say('can-declarative', can.declarative ? 'yes' : 'no: the worker shows such messages');
  say('permission', PERMISSIONS[can.permission]);
  say('encodings', can.encodings.join(', ') || 'not told');
  const state = registration?.active?.state;
  say('worker', state ? `${state}${workerVersion ? `, version ${workerVersion}` : ''}` : 'none');
};

const renderServer = ({ server, serverUp, serverRefusal }) => {
  const stored = count => `${count} ${count === 1 ? 'subscription' : 'subscriptions'} stored`;
  if (serverRefusal) say('server-line', serverRefusal);
  else if (serverUp === false) say('server-line', 'The server does not answer.');
  else if (server) say('server-line', `Server ${server.version} · ${stored(server.stored)}`);
  if (!server?.notify) return;
  say('notify-command', server.notify);
  say('explain-command', server.notify.replace(/ --bin notify( --)? /, ' --bin notify -- --explain '));
};

export const render = state => {
  const can = capabilities();
  renderServer(state);
  renderSteps(state, can);
  renderHelp(state, can);
  renderOutcome(state);
  renderWay(state);
  renderLog(state);
  renderSubscription(state);
  renderBrowser(state, can);
};
