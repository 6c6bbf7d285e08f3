// The service worker: shows each push message, answers clicks, keeps the subscription alive.
// Push API, "The push event"; Notifications API, "Service worker notifications". It is a classic script, without imports,
// because not every browser with push takes a module here.

const VERSION = '0.1.0';
// requireInteraction is left to the message: Firefox holds back the fourth such notification until one of three is closed.
const DEFAULTS = {
  body: 'A push message without a text.',
  icon: '/icon-192.png',
  badge: '/badge.png',
};
const DEFAULT_TITLE = 'Push message';

// --- what happened, for the page ------------------------------------------------------------------------------------

const channel = new BroadcastChannel('barepush');
const KEPT_EVENTS = 30;

// Told at once to pages that are open, kept in a cache for those opened later. Never a reason to fail: the notification
// comes first. Only kind, time, title and a failure's text; no endpoint, no key.
const report = async event => {
  const entry = { at: Date.now(), ...event };
  channel.postMessage(entry);
  try {
    const cache = await caches.open('barepush-events');
    await cache.put(`/event/${entry.at}-${crypto.randomUUID()}`, new Response(JSON.stringify(entry)));
    const keys = await cache.keys();
    await Promise.all(keys.slice(0, -KEPT_EVENTS).map(key => cache.delete(key)));
  } catch {
    // No storage, as in some private windows: the page still heard it.
  }
};

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

// From the members a message has to what showNotification takes.
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

// Every shape of payload becomes a notification; none throws.
const readMessage = event => {
  // Declarative push, mutable: the browser has read the message already and there may be no data.
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
  // Plain text, or JSON that is no object; or nothing at all.
  return toNotification({ body: payload.trim() ? payload : undefined });
};

const show = async ({ title, options }) => {
  try {
    await self.registration.showNotification(title, options);
  } catch {
    // An option of a wrong type, or two that contradict each other, must not cost the notification.
    const { data, body } = options;
    await self.registration.showNotification(title, { ...DEFAULTS, body, data: { url: text(data.url) } });
  }
};

// Browsers answer a push that shows nothing with a text of their own, a used-up quota (Firefox) or, after three, the end
// of the subscription (iOS). So something is shown always, also while the page is in front.
const onPush = async event => {
  const notification = readMessage(event);
  const { title } = notification;
  const received = report({ type: 'received', title });
  try {
    await show(notification);
    await report({ type: 'shown', title });
  } catch (error) {
    await report({ type: 'failed', title, why: error.message });
    throw error;
  } finally {
    await received;
  }
};

// --- click ----------------------------------------------------------------------------------------------------------

// Relative URLs are relative to the scope. Null for no URL, and for one that is not http(s): a javascript: URL say.
const toUrl = given => {
  try {
    const url = typeof given === 'string' ? new URL(given, self.registration.scope) : null;
    return url?.protocol === 'https:' || url?.protocol === 'http:' ? url : null;
  } catch {
    return null;
  }
};

// One window is enough: a window of ours is focused, and led to the URL if there is one, before another is opened.
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

// --- a subscription the browser or the push service replaced ---------------------------------------------------------

const post = async (path, message) => {
  const response = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(message) });
  if (!response.ok && response.status !== 404) throw new Error(`${path} answered ${response.status}`);
};

// Push API, "The pushsubscriptionchange event". Old and new subscription may both be missing; then only subscribing anew
// helps, and that needs the key.
const onChange = async event => {
  try {
    const applicationServerKey = (await (await fetch('/vapid-public-key')).text()).trim();
    const subscription =
      event.newSubscription ?? (await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }));
    // Which key a replacement was made with is the browser's affair; the page says so when it posts it again.
    await post('/add-subscription', { ...subscription.toJSON(), ...(!event.newSubscription && { applicationServerKey }) });
    const old = event.oldSubscription?.endpoint;
    if (old && old !== subscription.endpoint) await post('/remove-subscription', { endpoint: old });
    await report({ type: 'resubscribed' });
  } catch (error) {
    // The page compares and posts the subscription at its next load.
    await report({ type: 'failed', why: error.message });
  }
};

// --- handlers -------------------------------------------------------------------------------------------------------

// A changed worker takes over at once instead of waiting for each tab to close: while learning, a stale worker misleads.
self.addEventListener('install', event => event.waitUntil(self.skipWaiting()));
self.addEventListener('activate', event => event.waitUntil(self.clients.claim()));
self.addEventListener('push', event => event.waitUntil(onPush(event)));
self.addEventListener('notificationclick', event => event.waitUntil(onClick(event)));
self.addEventListener('pushsubscriptionchange', event => event.waitUntil(onChange(event)));
self.addEventListener('message', event => {
  if (event.data === 'version') event.ports[0]?.postMessage(VERSION);
});
