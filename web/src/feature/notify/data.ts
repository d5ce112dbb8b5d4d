// Channels, deliveries and a person's own inbox as the API answers.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get } from '@/api/client'
import type { Channel, ChannelKind, Delivery, GatewayTemplate, Inbox, MyWishes } from '@/api/notify'
import { Problem } from '@/api/problem'

export const topics = ['alert', 'escalation', 'task', 'directive', 'digest', 'duty'] as const
export const states = ['waiting', 'sending', 'sent', 'failed', 'digested', 'dropped'] as const

export const useChannels = () => useQuery({ queryKey: ['notify', 'channels'], queryFn: ({ signal }) => get<{ channels: Channel[] | null }>('notify/channels', {}, signal), refetchInterval: 30_000 })
export const useTemplates = () => useQuery({ queryKey: ['notify', 'templates'], queryFn: ({ signal }) => get<{ templates: GatewayTemplate[] | null }>('notify/templates', {}, signal), staleTime: Infinity })
export const useDeliveries = (state: Ref<string>, channel: Ref<string>) => useQuery({ queryKey: computed(() => ['notify', 'deliveries', state.value, channel.value]), queryFn: ({ signal }) => get<{ deliveries: Delivery[] | null; total: number; counts: Record<string, number> | null }>('notify/deliveries', { state: state.value, channel: channel.value, limit: 500 }, signal), placeholderData: keepPreviousData, refetchInterval: 15_000 })
export const useInbox = () => useQuery({ queryKey: ['inbox'], queryFn: ({ signal }) => get<Inbox>('notify/inbox', { limit: 100 }, signal), refetchInterval: 60_000 })
export const useMe = () => useQuery({ queryKey: ['notify', 'me'], queryFn: ({ signal }) => get<MyWishes>('notify/me', {}, signal) })
export const useUnits = () => useQuery({ queryKey: ['duty-units'], queryFn: ({ signal }) => get<{ units: { code: string; name: string; name_en: string; valid_to: string | null }[] | null }>('duty/units', {}, signal), staleTime: 3_600_000, retry: false })

export const asProblem = (err: unknown, unknown: string): Problem => (err instanceof Problem ? err : new Problem(0, 'unknown', unknown))
export const message = (err: unknown, unknown: string): string => (err instanceof Problem && err.detail !== '' ? err.detail : unknown)

/** health is how a channel does: off, failing (its newest attempt failed), waiting for more than a few, well, or not used yet. */
export function health(c: Channel): 'off' | 'failing' | 'busy' | 'good' | 'new' {
  if (!c.enabled) return 'off'
  if (c.kind === 'inapp') return 'good' // written with the message itself, never on its way
  if (c.state?.last_error) return 'failing'
  if ((c.state?.waiting ?? 0) > 20) return 'busy'
  return c.state?.last_ok ? 'good' : 'new'
}

export interface ConfigField { key: string; type: 'text' | 'number' | 'secret' | 'select' | 'area'; options?: string[]; needed?: boolean; placeholder?: string }

/** fieldsOf are the plain settings of a kind; a gateway's maps of params and secrets have their own lines. */
export function fieldsOf(kind: ChannelKind): ConfigField[] {
  switch (kind) {
    case 'email': return [{ key: 'host', type: 'text', needed: true, placeholder: 'smtp.example.vn' }, { key: 'port', type: 'number', needed: true, placeholder: '587' }, { key: 'security', type: 'select', options: ['starttls', 'tls', 'none'] }, { key: 'username', type: 'text' }, { key: 'password', type: 'secret' }, { key: 'from', type: 'text', needed: true, placeholder: 'ioc@example.vn' }, { key: 'from_name', type: 'text' }]
    case 'webhook': return [{ key: 'url', type: 'text', needed: true, placeholder: 'https://' }, { key: 'secret', type: 'secret' }]
    case 'http': return [{ key: 'url', type: 'text', needed: true, placeholder: 'https://' }, { key: 'method', type: 'select', options: ['POST', 'PUT', 'GET'] }, { key: 'content_type', type: 'text' }, { key: 'body', type: 'area' }, { key: 'ok_path', type: 'text' }, { key: 'ok_value', type: 'text' }, { key: 'max_chars', type: 'number' }]
    default: return []
  }
}

export const defaults: Partial<Record<ChannelKind, Record<string, unknown>>> = { email: { host: '', port: 587, security: 'starttls', username: '', password: '', from: '', from_name: 'IOC' }, webhook: { url: '', secret: '' }, http: { method: 'POST', url: '', content_type: 'application/json', body: '', params: {}, secrets: {} } }

/** pairs are the entries of a map in a config, for a form. */
export const pairs = (config: Record<string, unknown> | null, key: string): [string, string][] => {
  const v = config?.[key]
  return typeof v === 'object' && v !== null && !Array.isArray(v) ? Object.entries(v).map(([k, x]) => [k, String(x)]) : []
}
