// Invented alerts of a storm night, and the answers of their life: they are
// taken, verified and sent on in memory. IOC_MOCK_ALERTS=10000 makes a storm.
import type { Alert, AlertBudget, AlertDetail, AlertSettings, AlertState, Inhibition, Level, Matcher, Silence, Step, StepBody, TimelineEntry } from '../src/api/alert'
import type { Station, Text, Unit } from '../src/api/types'
import { routes as mocked } from './mock.ts'

type Answer = (url: URL, match: string[], body: unknown) => unknown
const ask = <T>(spec: string): T => mocked.find(([s]) => s === spec)?.[1](new URL('http://mock/'), [], null) as T
const minute = 60_000
const iso = (t: number): string => new Date(t).toISOString()
const t2 = (vi: string, en: string): Text => ({ vi, en })
const noise = (seed: number): number => ((Math.sin(seed * 91.7) * 43758.5453) % 1 + 1) % 1
/** Fault is an answer that is an error; the server sends its status. */
export class Fault { constructor(readonly status: number, readonly code: string, readonly detail: string) {} }

const { stations } = ask<{ stations: Station[] }>('GET /api/v1/stations')
const { units } = ask<{ units: Unit[] }>('GET /api/v1/units')
const kinds = [
  { kind: 'flood_1m5', property: 'flood_depth', rule: 'flood-tower', name: t2('Tháp báo ngập 20/30/50 cm', 'Flood towers 20/30/50 cm'), unit: 'm', level: (s: number) => [0, 0.08, 0.22, 0.34, 0.55][s] ?? 0, title: (v: number) => t2(`Ngập ${Math.round(v * 100)} cm, nước đang lên`, `${Math.round(v * 100)} cm of water, rising`) },
  { kind: 'rain_gauge', property: 'rain', rule: 'rain-3h', name: t2('Mưa 100 mm trong 3 giờ', 'Rain 100 mm in 3 h'), unit: 'mm', level: (s: number) => [0, 30, 50, 100, 160][s] ?? 0, title: (v: number) => t2(`Mưa ${Math.round(v)} mm trong 3 giờ`, `${Math.round(v)} mm of rain in 3 h`) },
  { kind: 'river_gauge', property: 'water_level', rule: 'river-bd', name: t2('Mực nước trên báo động', 'River above alarm level'), unit: 'm', level: (s: number) => [0, 0.9, 1.1, 1.8, 2.6][s] ?? 0, title: (v: number) => t2(`Mực nước ${v.toFixed(2).replace('.', ',')} m, trên BĐ3`, `River at ${v.toFixed(2)} m, above alarm 3`) },
  { kind: 'rain_gauge', property: 'rain', rule: 'gauge-silent', name: t2('Trạm im lặng khi lân cận có mưa', 'Gauge silent while neighbours rain'), unit: '', level: () => null, title: () => t2('Trạm mưa im lặng 42 phút, trạm lân cận đang mưa', 'Gauge silent for 42 min while neighbours rain') },
]
const road: AlertState[] = ['new', 'new', 'acknowledged', 'verified', 'dispatched', 'dispatched', 'accepted', 'in_progress', 'in_progress', 'done']
const count = Number(process.env['IOC_MOCK_ALERTS'] ?? 46)
let serial = 0

function make(i: number, at: number, fresh = false): Alert {
  const k = kinds[fresh ? 0 : Math.floor(noise(i + 3) * 4)] ?? kinds[0]!
  const pool = stations.filter((s) => s.kind === k.kind)
  const s = pool[Math.floor(noise(i * 7 + 1) * pool.length)] ?? stations[0]!
  const severity = (fresh ? 4 - (i % 2) : k.rule === 'gauge-silent' ? 2 : 1 + Math.floor(noise(i * 5) * 4)) as Level
  const value = k.level(severity) === null ? null : Math.round(((k.level(severity) ?? 0) * (1 + 0.12 * noise(i)) * 100)) / 100
  const state: AlertState = fresh ? 'new' : road[Math.floor(noise(i * 13) * road.length)] ?? 'new'
  const n = road.indexOf(state)
  const plus = (m: number): string => iso(at + m * minute)
  const [ack, send, reply] = [[60, 120, 480], [60, 90, 480], [15, 30, 120], [5, 15, 30]][severity - 1] as [number, number, number]
  const u = units.find((x) => x.name === s.unit_name)
  const late = state === 'new' && Date.now() > at + ack * minute ? ['acknowledge' as const] : []
  const number = `CB-2026-${String(++serial).padStart(6, '0')}`
  return {
    id: `a${serial}`, number, version: n + 1, state, active: state !== 'done' || noise(i) > 0.5, severity, peak_severity: Math.min(4, severity + (noise(i) > 0.8 ? 1 : 0)) as Level, service: 'flood', kind: 'rule', rule: k.rule, rule_version: 3, rule_name: k.name,
    title: k.title(value ?? 0), text: t2('Khu vực trũng, hướng thoát ra kênh Phú Lộc. Đề nghị kiểm tra cống và hướng dẫn người dân kê cao tài sản.', 'Low ground draining to the Phu Loc canal. Check the culvert and warn residents.'),
    place: s.name, lon: s.lon, lat: s.lat, area: u?.code ?? '', area_name: u?.full_name ?? '', unit: u?.code ?? 'pctt', unit_name: u ? `UBND ${u.full_name}` : 'BCH Phòng thủ dân sự TP', thing: s.thing, datastream: s.datastreams?.[0]?.id ?? '', value, unit_symbol: k.unit,
    since: iso(at - 3 * minute), raised_at: iso(at), updated_at: iso(at + 2 * minute), resolved_at: null, closed_at: null, verdict: n >= 3 ? 'true' : '', verdict_reason: '', duplicate_of: '', group: `g-${k.rule}-${Math.floor(i / 12)}`, group_size: 1,
    suppressed_by: !fresh && noise(i * 17) > 0.93 ? { kind: 'silence', id: 's1', title: 'Bảo trì tháp khu vực Hoà Xuân' } : null, incident: noise(i * 23) > 0.86 ? 'i1' : '', incident_number: noise(i * 23) > 0.86 ? 'SC-2026-000012' : '', sop: 'flood-street', runbook: k.rule, estimated: noise(i * 29) > 0.6, flapping: noise(i * 31) > 0.95, assignee: '',
    escalation: state === 'new' ? { level: 1, next_at: plus(ack), next_level: 2 } : null,
    times: { acknowledge_by: plus(ack), dispatch_by: plus(send), answer_by: plus(send + reply), acknowledged_at: n >= 2 ? plus(2) : null, dispatched_at: n >= 4 ? plus(6) : null, answered_at: n >= 6 ? plus(11) : null, late },
    labels: { severity: String(severity), service: 'flood', rule: k.rule, thing: s.thing, datastream: s.datastreams?.[0]?.id ?? '', area: u?.code ?? '', unit: u?.code ?? '', source: 'danang-2025-10', kind: s.kind, property: k.property },
  }
}
const alerts: Alert[] = Array.from({ length: count }, (_, i) => make(i, Date.now() - (i < 4 ? i * 4 + 1 : 20 + noise(i * 3) * 240) * minute))
const sizes = new Map<string, number>()
for (const a of alerts) sizes.set(a.group, (sizes.get(a.group) ?? 0) + 1)
for (const a of alerts) a.group_size = sizes.get(a.group) ?? 1

const me = { id: 'u1', name: 'Nguyễn Thị Trực', unit: '' }
const lives = new Map<string, TimelineEntry[]>()
function life(a: Alert): TimelineEntry[] {
  const found = lives.get(a.id)
  if (found) return found
  const at = (m: number): string => iso(Date.parse(a.raised_at) + m * minute)
  const n = ['new', 'acknowledged', 'verified', 'dispatched', 'accepted', 'in_progress', 'done', 'checked', 'closed'].indexOf(a.state)
  const tower = { id: 'x', name: 'Trần Văn Hùng', unit: a.unit_name }
  const all: TimelineEntry[] = [
    { id: `${a.id}-0`, at: at(0), actor: null, step: 'raise', from: '', to: 'new', comment: '', attachments: null },
    { id: `${a.id}-1`, at: at(2), actor: me, step: 'acknowledge', from: 'new', to: 'acknowledged', comment: '', attachments: null },
    { id: `${a.id}-2`, at: at(4), actor: me, step: 'verify', from: 'acknowledged', to: 'verified', comment: 'Camera ngã tư Mẹ Suốt thấy nước lên vỉa hè', attachments: [{ id: 'f1', name: 'camera-me-suot.jpg', type: 'image/jpeg', size: 183_000 }], data: { verdict: 'true' } },
    { id: `${a.id}-3`, at: at(6), actor: me, step: 'dispatch', from: 'verified', to: 'dispatched', comment: '', attachments: null, data: { unit: a.unit, unit_name: a.unit_name } },
    { id: `${a.id}-4`, at: at(11), actor: tower, step: 'accept', from: 'dispatched', to: 'accepted', comment: 'Đã cử tổ xung kích, có mặt trong 15 phút', attachments: null },
    { id: `${a.id}-5`, at: at(18), actor: tower, step: 'start', from: 'accepted', to: 'in_progress', comment: '', attachments: null },
    { id: `${a.id}-6`, at: at(52), actor: tower, step: 'finish', from: 'in_progress', to: 'done', comment: 'Đã khơi cống, nước rút còn 15 cm', attachments: [{ id: 'f2', name: 'sau-khi-xu-ly.jpg', type: 'image/jpeg', size: 240_000 }] },
  ]
  const out = all.slice(0, n + 1)
  lives.set(a.id, out)
  return out
}
const allowed = (a: Alert): Step[] => {
  const by: Record<AlertState, Step[]> = { new: ['acknowledge', 'verify', 'dispatch'], acknowledged: ['verify', 'dispatch'], verified: ['dispatch', 'close'], dispatched: ['accept', 'return'], accepted: ['start', 'return'], in_progress: ['finish', 'return'], done: ['check'], checked: ['close'], closed: ['reopen'] }
  return [...by[a.state], 'comment', ...(a.state === 'closed' ? [] : ['escalate' as const])]
}
const next: Partial<Record<Step, AlertState>> = { acknowledge: 'acknowledged', verify: 'verified', dispatch: 'dispatched', accept: 'accepted', return: 'verified', start: 'in_progress', finish: 'done', check: 'checked', close: 'closed', reopen: 'acknowledged' }
function step(a: Alert, b: StepBody): Alert | Fault {
  if (b.version !== undefined && b.version !== a.version) return new Fault(409, 'alert.changed', `Lê Minh Tâm đã chuyển cảnh báo này cho ${a.unit_name} lúc ${new Date().toLocaleTimeString('vi-VN')}`)
  if (!allowed(a).includes(b.step) && !(b.step === 'close' && a.state !== 'closed')) return new Fault(422, 'alert.step', 'Bước này không làm được ở trạng thái hiện tại')
  const from = a.state
  const to = b.step === 'verify' && b.verdict !== 'true' ? 'closed' : b.step === 'check' && b.ok === false ? 'in_progress' : (next[b.step] ?? a.state)
  life(a).push({ id: `${a.id}-${Date.now()}`, at: iso(Date.now()), actor: me, step: b.step, from, to, comment: b.comment ?? b.reason ?? '', attachments: null, data: { verdict: b.verdict ?? '', unit: b.unit ?? '' } })
  const at = iso(Date.now())
  const times = { ...a.times, acknowledged_at: a.times.acknowledged_at ?? (to === 'new' ? null : at), dispatched_at: to === 'dispatched' ? at : a.times.dispatched_at, answered_at: to === 'accepted' ? at : a.times.answered_at, late: to === 'new' ? a.times.late : [] }
  const out = { ...a, state: to, version: a.version + 1, updated_at: at, times, unit: b.unit || a.unit, unit_name: b.unit ? (dutyUnits.find((u) => u.code === b.unit)?.name ?? a.unit_name) : a.unit_name, verdict: b.verdict ?? a.verdict, escalation: to === 'new' ? a.escalation : null, closed_at: to === 'closed' ? at : null }
  alerts[alerts.indexOf(a)] = out
  return out
}
const dutyUnits = [
  { code: 'pctt', name: 'BCH Phòng thủ dân sự TP', name_en: 'City civil defence command', kind: 'agency', parent: '', valid_from: null, valid_to: null, successor: '' },
  { code: 'thoatnuoc', name: 'Công ty Thoát nước và Xử lý nước thải', name_en: 'Drainage company', kind: 'agency', parent: '', valid_from: null, valid_to: null, successor: '' },
  { code: 'khituong', name: 'Đài KTTV khu vực Trung Trung Bộ', name_en: 'Regional hydro-met centre', kind: 'agency', parent: '', valid_from: null, valid_to: null, successor: '' },
  ...units.map((u) => ({ code: u.code, name: `UBND ${u.full_name}`, name_en: u.name_en, kind: 'ward', parent: '', valid_from: null, valid_to: null, successor: '' })),
]
const plain = (s: string): string => s.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll(/[đĐ]/g, 'd').toLowerCase()
const matches = (a: Alert, ms: Matcher[]): boolean => ms.every((m) => { const v = a.labels?.[m.label] ?? ''; return m.op === '=' ? v === m.value : m.op === '!=' ? v !== m.value : m.op === '=~' ? new RegExp(`^(${m.value})$`).test(v) : !new RegExp(`^(${m.value})$`).test(v) })
function list(url: URL): unknown {
  const p = url.searchParams
  const has = (key: string, v: string): boolean => !p.get(key) || (p.get(key) ?? '').split(',').includes(v)
  const q = plain(p.get('q') ?? '')
  const kept = alerts.filter((a) => (p.get('open') !== 'true' || a.state !== 'closed') && has('state', a.state) && has('severity', String(a.severity)) && has('service', a.service) && has('unit', a.unit) && has('area', a.area) && has('rule', a.rule) && (p.get('suppressed') === 'true' || !a.suppressed_by) && (!q || plain(`${a.number} ${a.title.vi} ${a.place} ${a.area_name} ${a.unit_name}`).includes(q)))
  const tally = (f: (a: Alert) => string): Record<string, number> => kept.reduce<Record<string, number>>((o, a) => ({ ...o, [f(a)]: (o[f(a)] ?? 0) + 1 }), {})
  kept.sort((a, b) => (p.get('sort') === 'raised' ? 0 : b.severity - a.severity) || b.raised_at.localeCompare(a.raised_at))
  return { alerts: kept.slice(0, Number(p.get('limit') ?? 200)), next: '', total: kept.length, counts: count > 1000 ? { by_severity: {}, by_state: {} } : { by_severity: tally((a) => String(a.severity)), by_state: tally((a) => a.state) }, at: iso(Date.now()) }
}
function summary(): unknown {
  const open = alerts.filter((a) => a.state !== 'closed' && !a.suppressed_by)
  const waiting = open.filter((a) => a.state === 'new')
  return { open: Object.fromEntries([1, 2, 3, 4].map((s) => [s, open.filter((a) => a.severity === s).length])), unacknowledged: waiting.length, oldest_unacknowledged: waiting.map((a) => a.raised_at).sort()[0] ?? null, late: open.filter((a) => a.times.late?.length).length, budget: { per_10min: 1.4, state: 'high' } }
}
const bounds = (a: Alert): number[] => (a.unit_symbol === 'mm' ? [0, 0, 50, 100, 150] : a.rule === 'river-bd' ? [0, 0, 1, 1.8, 2.5] : [0, 0, 0.2, 0.3, 0.5])
function detail(a: Alert): AlertDetail {
  const at = Date.parse(a.raised_at)
  const value = a.value ?? 0
  return {
    alert: { ...a, viewers: [{ id: 'u2', name: 'Lê Minh Tâm' }] }, timeline: life(a), allowed: allowed(a),
    evidence: a.value === null ? null : {
      hash: '9f2c41d07be85a3316c04b7e0d1f5a92c8e7734bb20196fe5a4d3c2b1a098f76', intact: true, frozen_at: a.raised_at, rule: a.rule, rule_version: 3, position: { lon: a.lon ?? 0, lat: a.lat ?? 0 }, readiness: { score: 92, dung: 98, du: 94, sach: 90, song: 88 },
      trace: {
        rule: a.rule, version: 3, thing: a.thing, datastream: a.datastream, at: a.raised_at, series: { thing: a.thing, property: a.labels?.['property'] ?? '' }, expr: `last_over_time(flood_depth{thing="${a.thing}"}[15m])`, value: a.value, unit: a.unit_symbol, window_seconds: 900,
        points: Array.from({ length: 8 }, (_, i) => ({ t: iso(at - (8 - i) * 5 * minute), v: Math.round((value * (0.55 + i * 0.065)) * 100) / 100, flags: i === 2 ? ['suspect'] : i % 3 ? ['estimated'] : [], used: i !== 2 })),
        levels: [2, 3, 4].map((s) => ({ severity: s as Level, raise: String(bounds(a)[s] ?? 0), raise_value: bounds(a)[s] ?? 0, raise_met: value >= (bounds(a)[s] ?? 0), clear: String((bounds(a)[s] ?? 0) * 0.8), clear_value: Math.round((bounds(a)[s] ?? 0) * 80) / 100, clear_met: false })),
        neighbours: stations.slice(4, 8).map((s, i) => ({ thing: s.thing, name: s.name, km: 0.8 + i * 0.7, value: i === 3 ? null : Math.round(value * (0.4 + 0.2 * i) * 100) / 100 })), guard_met: true, state: 'firing' as const, severity: a.severity, since: a.since, pending_until: a.raised_at, keep_until: null, fired: true,
        reasons: [t2(`Giá trị ${value} vượt ngưỡng nâng mức trong 5 phút liên tục`, `The value ${value} stayed over the raising threshold for 5 minutes`), t2('3/4 trạm lân cận có mưa trong 1 giờ qua', '3 of 4 neighbours had rain in the last hour')],
      },
    },
    group: alerts.filter((x) => x.group === a.group && x.id !== a.id).slice(0, 40), similar: alerts.filter((x) => x.rule === a.rule && x.id !== a.id).slice(0, 6),
    notifications: [
      { id: 'd1', message: 'm1', channel: 'inapp', channel_name: 'Trong ứng dụng', kind: 'inapp', to: 'Trực ban IOC', state: 'sent', attempts: 1, next_at: null, last_error: '', sent_at: a.raised_at, at: a.raised_at, title: a.title, severity: a.severity },
      { id: 'd2', message: 'm1', channel: 'sms', channel_name: 'SMS', kind: 'http', to: '090***4567', state: 'failed', attempts: 4, next_at: iso(Date.now() + 3 * minute), last_error: 'Cổng SMS trả lời 503', sent_at: null, at: a.raised_at, title: a.title, severity: a.severity },
    ],
  }
}
const silences: Silence[] = [
  { id: 's1', kind: 'maintenance', matchers: [{ label: 'area', op: '=', value: units[3]?.code ?? '' }, { label: 'kind', op: '=~', value: 'flood_.*' }], from: iso(Date.now() - 90 * minute), to: iso(Date.now() + 150 * minute), reason: 'Bảo trì tháp báo ngập khu vực Hoà Xuân theo kế hoạch quý IV', by: me, state: 'active', matches: 3 },
  { id: 's2', kind: 'silence', matchers: [{ label: 'rule', op: '=', value: 'gauge-silent' }], from: iso(Date.now() + 600 * minute), to: iso(Date.now() + 900 * minute), reason: 'Nhà mạng nâng cấp trạm phát, các trạm mưa phía tây gián đoạn', by: me, state: 'pending', matches: 0 },
  { id: 's3', kind: 'silence', matchers: [{ label: 'thing', op: '=', value: stations[2]?.thing ?? '' }], from: iso(Date.now() - 3000 * minute), to: iso(Date.now() - 2800 * minute), reason: 'Cảm biến kẹt rác, đã thay', by: { id: 'u3', name: 'Lê Minh Tâm' }, state: 'expired', matches: 0 },
]
let inhibitions: Inhibition[] = [
  { id: 'supplier', name: t2('Nhà cung cấp mất kết nối thì không báo từng trạm của họ', 'A dead supplier hides the silence of its gauges'), source: [{ label: 'rule', op: '=', value: 'source-silent' }], target: [{ label: 'rule', op: '=', value: 'gauge-silent' }], equal: ['source'] },
  { id: 'river', name: t2('Báo động sông che cảnh báo tháp ngập mức thấp cùng phường', 'River alarm hides low tower alerts of the ward'), source: [{ label: 'rule', op: '=', value: 'river-bd' }, { label: 'severity', op: '=~', value: '3|4' }], target: [{ label: 'rule', op: '=', value: 'flood-tower' }, { label: 'severity', op: '=~', value: '1|2' }], equal: ['area'] },
]
let settings: AlertSettings = {
  grouping: { by: ['rule', 'area'], wait_seconds: 30, interval_seconds: 300, repeat_seconds: 14_400 }, flap: { changes: 4, window_seconds: 1800, hold_seconds: 900 }, budget: { per_10min: 1, operators: 2 },
  times: ([[4, 5, 15, 30], [3, 15, 30, 120], [2, 60, 90, 480], [1, 240, 480, 1440]] as const).map(([severity, a, d, r]) => ({ severity, acknowledge_minutes: a, dispatch_minutes: d, answer_minutes: r, escalate: [{ after_minutes: a, level: 2 }, { after_minutes: a * 2, level: 3 }, { after_minutes: a * 4, level: 4 }], from: iso(Date.now() - 86_400_000 * 40) })),
}
const budget = (hours: number): AlertBudget => {
  const slots = Math.min(hours * 6, 144)
  const series = Array.from({ length: slots }, (_, i) => { const x = i / slots; return { t: iso(Math.floor(Date.now() / 600_000) * 600_000 - (slots - 1 - i) * 600_000), n: Math.round(noise(i * 3) * (1 + 9 * Math.exp(-(((x - 0.7) / 0.14) ** 2)))) } })
  const total = series.reduce((s, p) => s + p.n, 0)
  return { from: iso(Date.now() - hours * 3_600_000), to: iso(Date.now()), operators: 2, alerts: total, per_10min: Math.round((total / slots / 2) * 100) / 100, target: 1, state: total / slots / 2 > 2 ? 'overloaded' : total / slots / 2 > 1 ? 'high' : 'ok', series, noisiest: kinds.map((k, i) => ({ rule: k.rule, name: k.name, n: [41, 28, 9, 17][i] ?? 1, false_alarms: [3, 1, 0, 11][i] ?? 0, precision: [0.93, 0.96, null, 0.35][i] ?? null })).sort((a, b) => b.n - a.n) }
}
const one = (id: string | undefined): Alert | undefined => alerts.find((a) => a.id === id)

/** delta is now and then a new alert, else a step of one that is there. */
export function delta(): unknown {
  if (Math.floor(Date.now() / 3000) % 5 === 0) {
    const a = make(serial + 1000, Date.now(), true)
    alerts.unshift(a)
    return { kind: 'raise', alert: a }
  }
  const waiting = alerts.filter((a) => a.state === 'acknowledged')
  const a = waiting[Math.floor(noise(Date.now()) * waiting.length)]
  if (!a) return {}
  const out = step(a, { step: 'verify', verdict: 'true' })
  return { kind: 'verify', alert: out }
}
export const presence = (): unknown => ({ alert: alerts[0]?.id, viewers: [{ id: 'u2', name: 'Lê Minh Tâm' }] })

export const routes: [string, Answer][] = [
  ['GET /api/v1/alerts', (url) => list(url)],
  ['GET /api/v1/alerts/summary', () => summary()],
  ['GET /api/v1/alerts/budget', (url) => budget(Number(url.searchParams.get('hours') ?? 8))],
  ['GET /api/v1/alerts/inhibitions', () => ({ inhibitions })],
  ['PUT /api/v1/alerts/inhibitions', (_u, _m, body) => { inhibitions = (body as { inhibitions: Inhibition[] }).inhibitions; return { inhibitions } }],
  ['GET /api/v1/alerts/settings', () => settings],
  ['PUT /api/v1/alerts/settings', (_u, _m, body) => (settings = body as AlertSettings)],
  ['POST /api/v1/alerts/steps', (_u, _m, body) => {
    const { ids, ...b } = body as StepBody & { ids: string[] }
    const done: string[] = []
    const failed: { id: string; code: string; detail: string }[] = []
    for (const id of ids) {
      const a = one(id)
      const out = a ? step(a, b) : new Fault(404, 'alert.unknown', 'không có cảnh báo này')
      if (out instanceof Fault) failed.push({ id, code: out.code, detail: out.detail })
      else done.push(id)
    }
    return { done, failed }
  }],
  ['POST /api/v1/alerts', (_u, _m, body) => { const a = { ...make(serial + 5000, Date.now(), true), kind: 'manual', rule: '', value: null }; const b = body as { title: string; severity: Level }; const out = { ...a, title: t2(b.title, b.title), severity: b.severity }; alerts.unshift(out); return out }],
  ['POST /api/v1/alerts/:id/steps', (_u, [id], body) => { const a = one(id); return a ? step(a, body as StepBody) : null }],
  ['POST /api/v1/alerts/:id/viewing', () => ({ viewers: [{ id: 'u1', name: me.name }, { id: 'u2', name: 'Lê Minh Tâm' }] })],
  ['GET /api/v1/alerts/:id', (_u, [id]) => { const a = one(id); return a ? detail(a) : null }],
  ['GET /api/v1/silences', () => ({ silences })],
  ['POST /api/v1/silences/preview', (_u, _m, body) => { const kept = alerts.filter((a) => a.state !== 'closed' && matches(a, (body as { matchers: Matcher[] }).matchers)); return { count: kept.length, alerts: kept.slice(0, 5) } }],
  ['POST /api/v1/silences', (_u, _m, body) => { const s = { ...(body as Silence), id: `s${Date.now()}`, by: me, state: 'active' as const, matches: 1 }; silences.unshift(s); return s }],
  ['PATCH /api/v1/silences/:id', (_u, [id], body) => { const s = silences.find((x) => x.id === id); return s ? Object.assign(s, body) : null }],
  ['DELETE /api/v1/silences/:id', (_u, [id]) => { const s = silences.find((x) => x.id === id); return s ? Object.assign(s, { state: 'expired', to: iso(Date.now()) }) : null }],
  ['POST /api/v1/incidents', () => ({ id: 'i1', number: 'SC-2026-000013' })],
]
