// Shows what the server pushes and opens the page it speaks of. It caches nothing.
self.addEventListener('push', (event) => {
  let data = {}
  try {
    data = event.data ? event.data.json() : {}
  } catch {
    data = { title: event.data ? event.data.text() : '' }
  }
  const title = data.title || 'IOC'
  event.waitUntil(self.registration.showNotification(title, { body: data.body || data.text || '', tag: data.tag || data.key || title, icon: '/favicon.svg', data: { link: data.link || '/' }, requireInteraction: Number(data.severity) >= 4 }))
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const url = new URL(event.notification.data && event.notification.data.link ? event.notification.data.link : '/', self.location.origin)
  if (url.origin !== self.location.origin) return
  event.waitUntil(self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then(async (windows) => {
    for (const w of windows) {
      if ('navigate' in w) {
        await w.focus()
        return w.navigate(url.href).catch(() => self.clients.openWindow(url.href))
      }
    }
    return self.clients.openWindow(url.href)
  }))
})
