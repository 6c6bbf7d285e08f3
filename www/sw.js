// The service worker: shows each push message, answers clicks, keeps the subscription alive.
// Push API, "The push event"; Notifications API, "Service worker notifications". A classic script in one file: the browser
// then has to fetch and check only this file for an update, and browsers from before module workers (Firefox 147) run it.

const VERSION = '0.1.0';
// requireInteraction is not a default: Firefox delays a fourth such notification until one of three is closed.
const DEFAULTS = {
  body: 'A push message without text.',
  icon: '/icon-192.png',
  badge: '/badge.png',
};
const DEFAULT_TITLE = 'Push message';

// --- what happened, for the page ------------------------------------------------------------------------------------

const channel = new BroadcastChannel('barepush');
const KEPT_EVENTS = 30;

// Sent to open pages at once and kept in a cache for pages opened later. A failure here is ignored: showing the notification
// matters more. Holds type, time, title, the body's first words and the text of a failure; not the endpoint, not a key.
const report = async event => {
  const entry = { at: Date.now(), ...event };
  channel.postMessage(entry);
  try {
    const cache = await caches.open('barepush-events');
    await cache.put(`/event/${entry.at}-${crypto.randomUUID()}`, new Response(JSON.stringify(entry)));
    const keys = await cache.keys();
    await Promise.all(keys.slice(0, -KEPT_EVENTS).map(key => cache.delete(key)));
  } catch {
    // No storage, as in some private windows: open pages have the event already.
  }
};

const firstWords = (body, most = 40) => (body.length <= most ? body : `${body.slice(0, most).replace(/\s+\S*$/, '')} …`);

// --- push -----------------------------------------------------------------------------------------------------------

const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = value => (typeof value === 'string' ? value : value === undefined || value === null ? undefined : JSON.stringify(value));

const parse = string => {
  try {
    return JSON.parse(string);
  } catch {
    return undefined;
  }
};

// From a message's members to the arguments of showNotification.
const toNotification = ({ title, url, navigate, ...options }) => ({
  title: (typeof title === 'string' && title.trim()) || DEFAULT_TITLE,
  options: {
    ...DEFAULTS,
    ...options,
    body: text(options.body) ?? (typeof title === 'string' && title.trim() ? '' : DEFAULTS.body),
    // The click handler finds here where to go.
    data: { url: navigate ?? url ?? options.data?.url, actions: options.actions },
  },
});

// Notifications API, "navigate" (Safari 18.5, Firefox 158) and "actions" (Firefox 152): a browser that has `navigate` opens the
// URL itself when the notification is clicked, without starting this worker; others fire notificationclick, see onClick.
const useBrowsersOwn = options => {
  const { url, actions } = options.data;
  const withNavigate = (target, given) => {
    const to = 'navigate' in Notification.prototype && toUrl(given);
    return to ? { ...target, navigate: to.href } : target;
  };
  const { navigate, actions: given, ...rest } = options;
  if ('actions' in Notification.prototype && Array.isArray(actions)) {
    rest.actions = actions.slice(0, Notification.maxActions).map(action => withNavigate(action, action?.navigate));
  }
  return withNavigate(rest, url);
};

// Turns a payload of any shape into a notification; never throws.
const readMessage = event => {
  // A mutable declarative push message: the browser has parsed it already, and there may be no data.
  if (event.notification) {
    const { title, body, navigate, lang, dir, tag, data } = event.notification;
    return toNotification({ title, body, navigate, lang, dir, tag, data });
  }
  const payload = event.data?.text() ?? '';
  const message = parse(payload);
  // Push API, "Declarative push message": a browser without that support fires an ordinary push event with this JSON.
  if (message?.web_push === 8030 && isObject(message.notification)) return toNotification(message.notification);
  // The codelab's {title, options: {body, ...}}.
  if (isObject(message) && isObject(message.options)) {
    return toNotification({ url: message.url, ...message.options, title: message.title });
  }
  if (isObject(message)) return toNotification(message);
  // Plain text, JSON that is not an object, or no payload.
  return toNotification({ body: payload.trim() ? payload : undefined });
};

const show = async ({ title, options }) => {
  try {
    await self.registration.showNotification(title, useBrowsersOwn(options));
  } catch {
    // An option has a wrong type, or two contradict each other: show the notification without options.
    const { data, body } = options;
    await self.registration.showNotification(title, { ...DEFAULTS, body, data: { url: text(data.url) } });
  }
};

// A push must always show a notification, also while the page is visible. Otherwise the browser shows its own text, counts
// it against a quota (Firefox), or ends the subscription after three (iOS).
const onPush = async event => {
  const notification = readMessage(event);
  const { title } = notification;
  const received = report({ type: 'received', title, body: firstWords(notification.options.body) });
  try {
    await show(notification);
    await report({ type: 'shown', title, opens: Boolean(useBrowsersOwn(notification.options).navigate) });
  } catch (error) {
    await report({ type: 'failed', title, why: error.message });
    throw error;
  } finally {
    await received;
  }
};

// --- click ----------------------------------------------------------------------------------------------------------

// Relative URLs are relative to the scope. Null without a URL, and for one that is not http(s), for example javascript:.
const toUrl = given => {
  try {
    const url = typeof given === 'string' ? new URL(given, self.registration.scope) : null;
    return url?.protocol === 'https:' || url?.protocol === 'http:' ? url : null;
  } catch {
    return null;
  }
};

// Focuses an open window of this site and navigates it to the URL, or opens a new window when there is none.
const openOrFocus = async url => {
  if (url && url.origin !== self.location.origin) return self.clients.openWindow(url);
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const client = windows.find(window => window.url === url?.href) ?? windows[0];
  if (!client) return self.clients.openWindow(url ?? self.registration.scope);
  await client.focus();
  if (!url || client.url === url.href) return client;
  // Rejects for a window this worker does not control.
  return client.navigate(url).catch(() => self.clients.openWindow(url));
};

const onClick = async ({ notification, action }) => {
  notification.close();
  const { url, actions } = notification.data ?? {};
  const given = (Array.isArray(actions) && actions.find(each => each.action === action)?.navigate) || url;
  const reported = report({ type: 'clicked', title: notification.title });
  try {
    await openOrFocus(toUrl(given));
  } catch (error) {
    await report({ type: 'failed', title: notification.title, why: error.message });
  }
  await reported;
};

// --- a subscription that the browser or the push service replaced ---------------------------------------------------------

const post = async (path, message) => {
  const response = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(message) });
  if (!response.ok && response.status !== 404) throw new Error(`${path} answered ${response.status}`);
};

// Push API, "The pushsubscriptionchange event". Both the old and the new subscription may be missing. Then the worker has to
// subscribe itself, with the server's key.
const onChange = async event => {
  try {
    const applicationServerKey = (await (await fetch('/vapid-public-key')).text()).trim();
    const subscription =
      event.newSubscription ?? (await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }));
    // The worker does not know which key the browser made a replacement with; the page adds it when it posts it again.
    await post('/add-subscription', { ...subscription.toJSON(), ...(!event.newSubscription && { applicationServerKey }) });
    const old = event.oldSubscription?.endpoint;
    if (old && old !== subscription.endpoint) await post('/remove-subscription', { endpoint: old });
    await report({ type: 'resubscribed' });
  } catch (error) {
    // The page checks and posts the subscription when it is next loaded.
    await report({ type: 'failed', why: error.message });
  }
};

// --- handlers -------------------------------------------------------------------------------------------------------

// A changed worker takes over at once instead of waiting until every tab has closed: an old worker confuses learners.
self.addEventListener('install', event => event.waitUntil(self.skipWaiting()));
self.addEventListener('activate', event => event.waitUntil(self.clients.claim()));
self.addEventListener('push', event => event.waitUntil(onPush(event)));
self.addEventListener('notificationclick', event => event.waitUntil(onClick(event)));
self.addEventListener('pushsubscriptionchange', event => event.waitUntil(onChange(event)));
self.addEventListener('message', event => {
  if (event.data === 'version') event.ports[0]?.postMessage(VERSION);
});
