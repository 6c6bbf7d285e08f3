// The browser's side of web push: service worker, permission, subscription. No DOM here.
// Specifications: Push API (w3.org/TR/push-api), Service Workers, Notifications API (notifications.spec.whatwg.org).

const base64url = buffer =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** What this browser can do. Read at each render, because the permission can change while the page is open. */
export const capabilities = () => ({
  secure: isSecureContext,
  worker: 'serviceWorker' in navigator,
  push: 'PushManager' in window,
  notifications: 'Notification' in window,
  permission: globalThis.Notification?.permission ?? 'unknown',
  // Push API, "Declarative push messages": only a browser that has them puts a push manager on the window.
  declarative: 'pushManager' in window,
  encodings: globalThis.PushManager?.supportedContentEncodings ?? [],
  brave: 'brave' in navigator,
  // iPadOS reports itself as a Mac; a Mac has no touch screen.
  ios: /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.platform === 'MacIntel' && navigator.maxTouchPoints > 1),
});

/**
 * Asks the user. Browsers want the question to follow a click directly (Push API, "Permission": a user gesture),
 * so call it before anything is awaited.
 */
export const askPermission = () => Notification.requestPermission();

/** Calls `changed` when the user changes the permission in the browser's settings. */
export const watchPermission = async changed => {
  const status = await navigator.permissions?.query({ name: 'notifications' }).catch(() => null);
  status?.addEventListener('change', changed);
};

/** This site's registration, once its worker is active; undefined when nothing is registered. */
export const findRegistration = async () => {
  const registration = await navigator.serviceWorker.getRegistration('/');
  return registration && !registration.active ? navigator.serviceWorker.ready : registration;
};

/** Registers the worker and waits until it is active: `subscribe()` refuses a registration without an active worker. */
export const register = async () => {
  // The script is at the root because its folder is the widest scope it may have (Service Workers, "Path restriction").
  await navigator.serviceWorker.register('/sw.js');
  return navigator.serviceWorker.ready;
};

/** The registration's subscription, or null (Push API, "PushManager: getSubscription()"). */
export const findSubscription = async registration => (await registration.pushManager?.getSubscription()) ?? null;

/** Subscribes with the server's VAPID key (Push API, "PushManager: subscribe()"). May stay pending for ever. */
export const subscribe = (registration, applicationServerKey) =>
  registration.pushManager.subscribe({
    // A promise to show a notification for each push message; browsers refuse the subscription without it.
    userVisibleOnly: true,
    // Binds the subscription to this key (RFC 8292 §4): the push service refuses a message signed by any other. The
    // specification takes the base64url text; the urlBase64ToUint8Array helper of older tutorials is not needed.
    applicationServerKey,
  });

/** The key a subscription was made with, base64url; null where the browser does not report it. */
export const keyOf = subscription => {
  const key = subscription.options?.applicationServerKey;
  return key ? base64url(key) : null;
};

/** What the server stores: the PushSubscription's JSON, and the key it was made with. */
export const toStored = subscription => {
  const applicationServerKey = keyOf(subscription);
  return { ...subscription.toJSON(), ...(applicationServerKey && { applicationServerKey }) };
};

/** A notification without a push: shows whether the operating system hides notifications. */
export const showLocally = registration =>
  registration.showNotification('A local notification', {
    body: 'Shown by the page, without any push.',
    icon: '/icon-192.png',
    badge: '/badge.png',
    data: { url: '/' },
  });

/** The worker's own version, so that an old worker is noticed; null when it does not answer within a second. */
export const workerVersion = worker =>
  new Promise(resolve => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = event => resolve(event.data);
    setTimeout(() => resolve(null), 1000);
    worker.postMessage('version', [port2]);
  });

/** The last 8 characters of an endpoint. The whole is a secret: who has it and the VAPID key can push. */
export const tailOf = endpoint => endpoint.slice(-8);
