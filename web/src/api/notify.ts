// The shapes of /api/v1/notify: the channels, what went out by them, a
// person's own inbox and wishes.
import type { Severity, Text } from './types'

export type ChannelKind = 'inapp' | 'email' | 'webhook' | 'http' | 'webpush'
export interface Channel {
  id: string; name: string; kind: ChannelKind; enabled: boolean; min_severity: Severity; topics: string[] | null; units: string[] | null
  config: Record<string, unknown> | null; rate_per_minute: number; digest_minutes: number
  state: { last_ok: string | null; last_error: string; waiting: number; failed: number } | null
}
export interface GatewayTemplate { id: string; title: Text; note: Text; config: Record<string, unknown> }
export type DeliveryState = 'waiting' | 'sending' | 'sent' | 'failed' | 'dropped' | 'digested'
export interface Delivery {
  id: string; message: string; channel: string; channel_name: string; kind: ChannelKind; to: string; state: DeliveryState; attempts: number
  next_at: string | null; last_error: string; sent_at: string | null; at: string; title: Text; severity: Severity; alert?: string; incident?: string; task?: string
}
export interface InboxItem { id: string; at: string; title: Text; text: Text; severity: Severity; topic?: string; link: string; read_at: string | null }
export interface Inbox { items: InboxItem[] | null; unread: number }
export interface Wish { enabled: boolean; min_severity?: Severity }
/** MyWishes: channels are by id, or by kind for all of one kind. */
export interface MyWishes { email: string; phone: string; lang: 'vi' | 'en'; channels: Record<string, Wish> | null; quiet: { from: string; to: string; min_severity: Severity } | null }
