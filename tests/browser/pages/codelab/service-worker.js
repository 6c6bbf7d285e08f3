// The codelab's message is {title, options}; of another it shows the title.
self.addEventListener('push', event => {
  const { title, options } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, options));
});

self.addEventListener('notificationclick', event => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(self.location.origin));
});
