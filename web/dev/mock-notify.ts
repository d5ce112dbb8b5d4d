// Invented answers for channels, deliveries and the inbox.
import type { Channel, Delivery, InboxItem, MyWishes } from '../src/api/notify'
import type { Severity, Text } from '../src/api/types'

const iso = (t: number): string => new Date(t).toISOString()
const t2 = (vi: string, en: string): Text => ({ vi, en })
const ago = (min: number): string => iso(Date.now() - min * 60_000)
const state = { last_ok: ago(4), last_error: '', waiting: 0, failed: 0 }
let channels: Channel[] = [
  { id: 'inapp', name: 'Hộp thư trong hệ thống', kind: 'inapp', enabled: true, min_severity: 1, topics: [], units: [], config: {}, rate_per_minute: 0, digest_minutes: 0, state },
  { id: 'smtp', name: 'Thư điện tử thành phố', kind: 'email', enabled: true, min_severity: 2, topics: ['alert', 'escalation', 'task', 'directive', 'digest'], units: [], config: { host: 'mail.danang.gov.vn', port: 587, security: 'starttls', username: 'ioc', password: '***', from: 'ioc@danang.gov.vn' }, rate_per_minute: 60, digest_minutes: 15, state: { ...state, last_ok: ago(11) } },
  { id: 'sms', name: 'Tin nhắn SMS Brandname', kind: 'http', enabled: true, min_severity: 4, topics: ['alert', 'escalation'], units: [], config: { template: 'sms', method: 'POST', url: 'https://sms.example.vn/api/send', content_type: 'application/json', body: '{"to":"{phone_plain}","text":"{title}. {text}"}', params: { sender: 'IOC-DNG' }, secrets: { token: '***' } }, rate_per_minute: 30, digest_minutes: 10, state: { last_ok: ago(96), last_error: 'HTTP 503 sau 10 giây, thử lại lần 4', waiting: 12, failed: 2 } },
  { id: 'zalo', name: 'Zalo OA phường, xã', kind: 'http', enabled: false, min_severity: 3, topics: ['alert', 'task'], units: [], config: { template: 'zalo', url: 'https://openapi.zalo.me/v3.0/oa/message/cs', token: '***' }, rate_per_minute: 120, digest_minutes: 5, state: { last_ok: null, last_error: '', waiting: 0, failed: 0 } },
  { id: 'hook', name: 'Webhook BCH PTDS', kind: 'webhook', enabled: true, min_severity: 3, topics: [], units: ['pctt'], config: { url: 'https://ptds.example.vn/hooks/ioc', secret: '***' }, rate_per_minute: 300, digest_minutes: 0, state },
  { id: 'push', name: 'Thông báo trình duyệt', kind: 'webpush', enabled: true, min_severity: 3, topics: [], units: [], config: {}, rate_per_minute: 0, digest_minutes: 0, state },
]
const titles = [t2('Ngập 35 cm tại Mẹ Suốt – Nguyễn Huy Tưởng', '35 cm of water at Me Suot'), t2('Mưa 112 mm trong 3 giờ tại Suối Đá', '112 mm of rain in 3 h at Suoi Da'), t2('Quá hạn tiếp nhận 5 phút: CB-2026-000409', 'Not acknowledged for 5 min: CB-2026-000409'), t2('Giao việc NV-2026-0031: chốt chặn hầm chui', 'Task NV-2026-0031: close the underpass'), t2('Tóm tắt 12 cảnh báo Chú ý trong 15 phút', 'Digest: 12 alerts in 15 min')]
const states = ['sent', 'sent', 'sent', 'waiting', 'failed', 'digested', 'sent', 'dropped'] as const
let deliveries: Delivery[] = Array.from({ length: 60 }, (_, i): Delivery => { const c = channels[1 + (i % 3)] as Channel; const s = states[i % states.length] ?? 'sent'; return { id: `d${i}`, message: `m${i >> 1}`, channel: c.id, channel_name: c.name, kind: c.kind, to: c.kind === 'email' ? `t***${i}@danang.gov.vn` : c.kind === 'http' ? `090***${4500 + i}` : 'ptds.example.vn', state: s, attempts: s === 'sent' ? 1 : s === 'failed' ? 8 : s === 'waiting' ? 4 : 0, next_at: s === 'waiting' ? iso(Date.now() + 40_000 * (i + 1)) : null, last_error: s === 'failed' || s === 'waiting' ? 'HTTP 503: quá tải' : '', sent_at: s === 'sent' ? ago(i * 3 + 1) : null, at: ago(i * 3 + 2), title: titles[i % titles.length] as Text, severity: (4 - (i % 4)) as Severity, alert: `a${i}` } })
let inbox: InboxItem[] = Array.from({ length: 9 }, (_, i) => ({ id: `i${i}`, at: ago(i * 17 + 2), title: titles[i % titles.length] as Text, text: t2('P. Hoà Khánh · chuyển đơn vị trong 15 phút', 'Hoa Khanh ward · dispatch within 15 min'), severity: ([4, 4, 3, 2, 1][i % 5] ?? 1) as Severity, link: `/alerts/a${i}`, read_at: i < 4 ? null : ago(i * 10) }))
let me: MyWishes = { email: 'truc.nguyen@danang.gov.vn', phone: '0905123456', lang: 'vi', channels: { email: { enabled: true, min_severity: 2 }, http: { enabled: true, min_severity: 4 }, webpush: { enabled: false } }, quiet: { from: '22:00', to: '06:00', min_severity: 4 } }

type Answer = (url: URL, match: string[], body: unknown) => unknown
export const routes: [string, Answer][] = [
  ['GET /api/v1/notify/channels', () => ({ channels })],
  ['POST /api/v1/notify/channels', (_u, _m, body) => { const c = { id: `c${channels.length}`, state: { last_ok: null, last_error: '', waiting: 0, failed: 0 }, ...(body as object) } as Channel; channels.push(c); return c }],
  ['PATCH /api/v1/notify/channels/:id', (_u, [id], body) => { const c = channels.find((x) => x.id === id); return c ? Object.assign(c, body) : null }],
  ['DELETE /api/v1/notify/channels/:id', (_u, [id]) => { channels = channels.filter((c) => c.id !== id); return {} }],
  ['POST /api/v1/notify/channels/:id/test', (_u, [id]) => ({ ...(deliveries[0] as Delivery), channel: id ?? '', state: id === 'sms' ? 'failed' : 'sent', last_error: id === 'sms' ? 'HTTP 503 từ sms.example.vn' : '' })],
  ['GET /api/v1/notify/templates', () => ({ templates: [['sms', 'Tin nhắn SMS (brandname)', 'Text message (SMS)', 'https://sms.example.vn/api/send', { token: '' }, { sender: 'IOC' }], ['zalo', 'Zalo (ZNS)', 'Zalo (ZNS)', 'https://business.openapi.zalo.me/message/template', { access_token: '' }, { template_id: '0' }], ['telegram', 'Telegram (nhóm)', 'Telegram (group)', 'https://api.telegram.org/bot{token}/sendMessage', { token: '' }, { chat_id: '' }]].map(([id, vi, en, url, secrets, params]) => ({ id, title: { vi, en }, note: t2('Đổi url, tên trường và điều kiện thành công theo tài liệu của nhà cung cấp.', 'Change url, field names and the sign of success to what the supplier says.'), config: { template: id, method: 'POST', url, content_type: 'application/json', headers: {}, body: '{"to":"{phone_plain}","text":"{title}. {text}"}', params, secrets, ok_status: [200], max_chars: 300 } })) })],
  ['GET /api/v1/notify/deliveries', (url) => { const s = url.searchParams.get('state'); const c = url.searchParams.get('channel'); const list = deliveries.filter((d) => (!c || d.channel === c)); const counts: Record<string, number> = {}; for (const d of list) counts[d.state] = (counts[d.state] ?? 0) + 1; const shown = list.filter((d) => !s || d.state === s); return { deliveries: shown, total: shown.length, counts } }],
  ['POST /api/v1/notify/deliveries/:id/retry', (_u, [id]) => { deliveries = deliveries.map((d) => (d.id === id ? { ...d, state: 'sending' } : d)); return deliveries.find((d) => d.id === id) }],
  ['GET /api/v1/notify/me', () => me],
  ['PUT /api/v1/notify/me', (_u, _m, body) => (me = body as MyWishes)],
  ['GET /api/v1/notify/inbox', () => ({ items: inbox, unread: inbox.filter((i) => !i.read_at).length })],
  ['POST /api/v1/notify/inbox/read', (_u, _m, body) => { const b = body as { ids?: string[]; all?: boolean }; inbox = inbox.map((i) => (b.all || b.ids?.includes(i.id) ? { ...i, read_at: i.read_at ?? iso(Date.now()) } : i)); return undefined }],
  ['GET /api/v1/notify/webpush/key', () => ({ key: 'BEl62iUYgUivxIkv69yViEuiBIa-Ib9-SkvMeAtA3LFgDzkrxZJjSgSnfckjBJuBkr3qBUYIHBQFLXYp5Nksh8U' })],
]
