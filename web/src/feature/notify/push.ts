// Web push of this browser: may it, does it, on and off.
import { address, del, get, post } from '@/api/client'

export type PushState = 'unsupported' | 'denied' | 'on' | 'off'

const supported = (): boolean => 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window

/** keyBytes reads the server's public key (base64url) as the browser wants it. */
export function keyBytes(key: string): Uint8Array<ArrayBuffer> {
  const text = atob(key.replaceAll('-', '+').replaceAll('_', '/').padEnd(Math.ceil(key.length / 4) * 4, '='))
  return Uint8Array.from(text, (c) => c.charCodeAt(0))
}

export async function pushState(): Promise<PushState> {
  if (!supported()) return 'unsupported'
  if (Notification.permission === 'denied') return 'denied'
  const registration = await navigator.serviceWorker.getRegistration('/')
  return (await registration?.pushManager.getSubscription()) ? 'on' : 'off'
}

export async function subscribe(): Promise<PushState> {
  if (!supported()) return 'unsupported'
  if ((await Notification.requestPermission()) !== 'granted') return 'denied'
  const { key } = await get<{ key: string }>('notify/webpush/key')
  const registration = await navigator.serviceWorker.register('/push-sw.js')
  await navigator.serviceWorker.ready
  const s = (await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: keyBytes(key) })).toJSON()
  await post('notify/webpush/subscriptions', { endpoint: s.endpoint, keys: { p256dh: s.keys?.['p256dh'], auth: s.keys?.['auth'] } })
  return 'on'
}

export async function unsubscribe(): Promise<PushState> {
  const registration = await navigator.serviceWorker.getRegistration('/')
  const s = await registration?.pushManager.getSubscription()
  if (s) {
    await del(address('notify/webpush/subscriptions', { endpoint: s.endpoint }))
    await s.unsubscribe()
  }
  return 'off'
}
