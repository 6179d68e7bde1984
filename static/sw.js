// Shows what the farm pushes. Nothing is cached here: a page of yesterday would lie about printers.
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => {
  const said = event.data?.json() ?? {};
  event.waitUntil(self.registration.showNotification(said.title || 'Print farm', {
    body: said.body, tag: said.tag, silent: Boolean(said.silent), renotify: Boolean(said.tag) && !said.silent,
    requireInteraction: said.level === 'now', icon: '/static/favicon.svg', data: { url: said.url || '/#/alerts' },
  }));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil((async () => {
    const url = new URL(event.notification.data.url, self.location.origin).href;
    const [open] = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
    if (!open) return self.clients.openWindow(url);
    await open.focus();
    // a page that this worker does not rule yet cannot be sent on
    return open.navigate(url).catch(() => self.clients.openWindow(url));
  })());
});
