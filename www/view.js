// Draws the one state object: `render(state)`. Nothing here calls the Push API or the server.

import { $, enable, setText } from './dom.js';
import { renderHelp } from './help.js';
import { sentence } from './problems.js';
import { capabilities, keyOf, tailOf, toStored } from './push.js';

const yesNo = on => (on ? 'yes' : 'no');
const clock = milliseconds => {
  const at = new Date(milliseconds);
  const today = at.toDateString() === new Date().toDateString();
  return `${today ? '' : `${at.toLocaleDateString()} `}${at.toLocaleTimeString([], { hour12: false })}`;
};

const hostOf = endpoint => new URL(endpoint).host;

// --- the three steps ------------------------------------------------------------------------------------------------

const renderButtons = (state, can) => {
  const { registration, subscription, busy } = state;
  const pushable = can.push && can.notifications;
  enable('register', state.looked && can.worker && !registration && !busy.has('register'));
  enable('unregister', registration && !busy.has('unregister'));
  enable('subscribe', registration && pushable && !subscription && !busy.has('subscribe'));
  // Not while the server stores the subscription: it would store it again after it has removed it.
  enable('unsubscribe', subscription && !busy.has('unsubscribe') && !busy.has('subscribe'));
  enable('notify-me', subscription && !busy.has('notify-me'));
  enable('notify-all', state.server?.stored > 0 && !busy.has('notify-all'));
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
  if (!registration) return 'Register the service worker first.';
  if (asking) return 'Waiting for your answer to the permission prompt …';
  if (busy.has('subscribe') && !subscription) return 'Asking the push service for a subscription …';
  if (!subscription) return 'Ready to subscribe.';
  return `Subscribed at ${hostOf(subscription.endpoint)}, endpoint …${tailOf(subscription.endpoint)}`;
};

const notificationStatus = ({ registration, subscription, busy, nobody, scheduled, serverUp }, can) => {
  if (serverUp === false) return ''; // the help section says so
  if (busy.has('notify-me') || busy.has('notify-all')) return 'Pushing …';
  if (nobody) return 'Nobody has subscribed yet: subscribe a browser first, then notify all.';
  if (scheduled) return `The server will push in ${scheduled.seconds} s. You may close this tab, but leave the browser running.`;
  if (!can.worker) return 'Push is not possible without service workers.';
  if (!registration) return 'Register the service worker and subscribe first.';
  return subscription ? 'Ready to push.' : 'Subscribe first.';
};

const renderSteps = (state, can) => {
  renderButtons(state, can);
  setText('registration-status-message', registrationStatus(state, can));
  setText('subscription-status-message', subscriptionStatus(state, can));
  setText('notification-status-message', notificationStatus(state, can));
  for (const [step, problem] of Object.entries(state.problems)) {
    const shown = problem && !problem.help.includes('server'); // that problem's section says it all
    setText(`${step}-problem`, shown ? `${problem.says} ${problem.hint}` : '');
  }
  setText('subscription-note', state.note);
  setText('subscription-waiting', state.waiting ? 'Still waiting for the push service. Some browsers wait for ever and report no error; reload the page to stop.' : '');
  $('step-registration').dataset.done = Boolean(state.registration);
  $('step-subscription').dataset.done = Boolean(state.subscription);
  $('step-notification').dataset.done = Boolean(state.progress.shown);
};

// --- the last push: its results and its progress --------------------------------------------------------------------------

// Of many pushes the server counts all, by class, and lists the first.
const count = ({ pushes, counts }) => {
  const total = counts ? Object.values(counts).reduce((sum, each) => sum + each, 0) : pushes.length;
  const accepted = counts ? (counts.accepted ?? 0) : pushes.filter(push => push.accepted).length;
  return { total, accepted };
};

const renderOutcome = ({ outcome }) => {
  const { total, accepted } = outcome ? count(outcome) : {};
  $('outcome').dataset.state = !outcome ? '' : accepted < total ? 'failed' : 'done';
  if (!outcome) return ['outcome-says', 'outcome-hint'].forEach(id => setText(id, ''));
  const [first] = outcome.pushes;
  const failure = outcome.pushes.find(push => !push.accepted);
  const says = total === 1 ? first.says : `accepted ${accepted} of ${total}${failure ? `; ${failure.says}` : ''}`;
  setText('outcome-says', `Push at ${clock(first.at * 1000)}: ${says}`);
  const hint = (failure ?? first).hint;
  setText('outcome-hint', sentence(hint ?? '') || (failure ? '' : 'Accepted means that the push service will try to deliver it. The event log shows when it arrives.'));
};

const mark = (name, status, text) => {
  const item = $(`progress-${name}`);
  item.dataset.state = status;
  const detail = item.querySelector('span');
  if (detail.textContent !== text) detail.textContent = text;
};

const renderProgress = ({ progress, subscription }) => {
  $('progress-section').hidden = !Object.keys(progress).length;
  setText('progress-title', progress.elsewhere && !progress.result ? 'Last push to this browser' : 'Last push from this server');
  mark('subscription', subscription ? 'done' : '', subscription ? `…${tailOf(subscription.endpoint)}` : 'none yet');
  const { sending, scheduled, elsewhere, result } = progress;
  if (result) mark('accepted', result.accepted ? 'done' : 'failed', result.accepted ? `accepted in ${result.milliseconds} ms` : result.class);
  else if (progress.received) mark('accepted', 'done', elsewhere ? 'sent by another program' : 'accepted');
  else if (sending) mark('accepted', 'waiting', 'sending …');
  else if (sending === false) mark('accepted', '', 'not among the first results');
  else mark('accepted', scheduled ? 'waiting' : '', scheduled ? 'scheduled' : 'not yet');
  const waiting = result?.accepted && !progress.received ? 'waiting' : '';
  mark('received', progress.received ? 'done' : waiting, progress.received ? `received ${clock(progress.received.at)}` : 'not yet');
  if (progress.failed) mark('shown', 'failed', 'failed');
  else mark('shown', progress.shown ? 'done' : '', progress.shown ? `shown ${clock(progress.shown.at)}` : 'not yet');
  const unclicked = progress.shown?.opens ? 'the browser opens the URL itself' : 'not yet';
  mark('clicked', progress.clicked ? 'done' : '', progress.clicked ? `clicked ${clock(progress.clicked.at)}` : unclicked);
};

// --- log and details ------------------------------------------------------------------------------------------------

const EVENTS = {
  received: 'received',
  shown: 'shown',
  clicked: 'clicked',
  failed: 'failed',
  resubscribed: 'subscribed again',
  local: 'shown locally',
};

const entry = ({ at, type, title, body, why }) => {
  const item = document.createElement('li');
  item.dataset.type = type;
  for (const [tag, text] of [['time', clock(at)], ['b', EVENTS[type] ?? type], ['span', [title, body, why].filter(Boolean).join(': ')]]) {
    const part = document.createElement(tag);
    part.textContent = text;
    item.append(part);
  }
  item.firstChild.dateTime = new Date(at).toISOString();
  return item;
};

// Appends only: the log is a live region, and a screen reader would read a rewritten log from the start.
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
  const match = !subscription ? 'no subscription yet' : !key ? 'this browser does not report its key' : !serverKey ? 'the server does not answer' : yesNo(key === serverKey);
  setText('key-match', match);
  setText('stored', server ? String(server.stored) : 'unknown');
  const newest = server?.newest;
  const keyNote = newest?.key_matches === false ? ', made with another key' : '';
  setText('newest', newest ? `${newest.service}, …${newest.tail}${keyNote}` : server ? 'none' : 'unknown');
  const json = subscription && toStored(subscription);
  setText('subscription-json', json ? JSON.stringify(showSecrets ? json : masked(json), null, 2) : 'No subscription yet.');
  enable('show-secrets', subscription);
  enable('copy-subscription', subscription);
  setText('show-secrets', showSecrets ? 'Hide secrets' : 'Show secrets');
};

const PERMISSIONS = { granted: 'granted', denied: 'denied', default: 'not asked yet', unknown: 'unknown' };

const renderBrowser = ({ registration, workerVersion }, can) => {
  setText('can-secure', yesNo(can.secure));
  setText('can-worker', yesNo(can.worker));
  setText('can-push', yesNo(can.push));
  setText('can-notifications', yesNo(can.notifications));
  setText('can-declarative', can.declarative ? 'yes' : 'no: the service worker shows such messages');
  setText('permission', PERMISSIONS[can.permission]);
  setText('encodings', can.encodings.join(', ') || 'not reported');
  const state = registration?.active?.state;
  setText('worker', state ? `${state}${workerVersion ? `, version ${workerVersion}` : ''}` : 'none');
};

const renderServer = ({ server, serverUp, serverRefusal }) => {
  const stored = count => `${count} ${count === 1 ? 'subscription' : 'subscriptions'} stored`;
  if (serverRefusal) setText('server-line', serverRefusal);
  else if (serverUp === false) setText('server-line', ''); // the help section says so
  else if (server) setText('server-line', `Server ${server.version} · ${stored(server.stored)}`);
  if (!server?.notify) return;
  setText('notify-command', server.notify);
  setText('explain-command', server.notify.replace(/ --bin notify( --)? /, ' --bin notify -- --explain '));
};

export const render = state => {
  const can = capabilities();
  renderServer(state);
  renderSteps(state, can);
  renderHelp(state, can);
  renderOutcome(state);
  renderProgress(state);
  renderLog(state);
  renderSubscription(state);
  renderBrowser(state, can);
};
