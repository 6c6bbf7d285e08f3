// Article: sw.js. The browser runs it in the background, even when the page is closed. Not hardened: expects {title, body}.
self.addEventListener('push', event => {
  const { title, body } = event.data.json();
  // waitUntil keeps the worker alive until the notification is shown.
  event.waitUntil(self.registration.showNotification(title, { body }));
});
// An edited sw.js takes over at the next Subscribe; without this line it waits until every tab of the page is closed.
self.addEventListener('install', () => self.skipWaiting());
