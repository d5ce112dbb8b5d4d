// Invented answers for rules, their back-tests and their traces.
import type { Backtest, Firing, Rule, RuleCheck, RuleDraft, Trace } from '../src/api/rule'
import type { Severity, Text } from '../src/api/types'
import { depth, places } from './mock.ts'

const hour = 3_600_000
const iso = (t: number): string => new Date(t).toISOString()
const t2 = (vi: string, en: string): Text => ({ vi, en })
const at = (t: number): string => iso(Date.now() - t)
const base: Omit<Rule, 'id' | 'name' | 'kind' | 'where' | 'levels' | 'promql' | 'selects'> = {
  service: 'flood', expr: '', window_seconds: 0, every_seconds: 60, for_seconds: 0, keep_firing_seconds: 600, guard: null,
  message: { title: t2('Ngập {value} {unit} tại {name}', '{value} {unit} of water at {name}'), text: t2('{name} – {place}: {value} {unit} lúc {since}, mức {level}.', '{name} – {place}: {value} {unit} at {since}, {level}.') },
  unit: '', sop: 'street-flooding', runbook: 'street-flooding', labels: {}, enabled: true, version: 3, live_version: 3, state: 'live',
  author: { id: 'u7', name: 'Lê Thị Phân Tích' }, reviewer: { id: 'u3', name: 'Trần Văn Duyệt' }, changed_at: at(9 * 24 * hour), reason: '', active: 0, precision: null, shipped: true,
}
const rules: Rule[] = [
  { ...base, id: 'tower-depth', name: t2('Tháp báo ngập: độ sâu', 'Flood towers: depth'), kind: 'threshold', where: { property: 'flood_depth', kind: 'flood_1m5' }, levels: [{ severity: 2, raise: '>= 0.2', clear: '< 0.15' }, { severity: 3, raise: '>= 0.3', clear: '< 0.2' }, { severity: 4, raise: '>= 0.5', clear: '< 0.4' }], for_seconds: 300, promql: 'flood_depth{kind="flood_1m5"}', selects: 56, active: 7, precision: { right: 41, wrong: 3, duplicate: 5, share: 0.93 } },
  { ...base, id: 'rain-1h', name: t2('Mưa to trong 1 giờ', 'Heavy rain in one hour'), kind: 'sum', where: { property: 'rain' }, window_seconds: 3600, levels: [{ severity: 2, raise: '>= 30', clear: '< 20' }, { severity: 3, raise: '>= 50', clear: '< 40' }], promql: 'sum_over_time(rain[1h])', selects: 82, active: 11, precision: { right: 120, wrong: 9, duplicate: 22, share: 0.93 }, sop: '', message: { title: t2('Mưa {value} mm trong 1 giờ tại {name}', '{value} mm of rain in 1 h at {name}'), text: t2('{name}: {value} mm/giờ lúc {since}.', '{name}: {value} mm/h at {since}.') } },
  { ...base, id: 'rain-3h', name: t2('Mưa rất to trong 3 giờ', 'Very heavy rain in three hours'), kind: 'sum', where: { property: 'rain' }, window_seconds: 10_800, levels: [{ severity: 4, raise: '>= 100', clear: '< 80' }], promql: 'sum_over_time(rain[3h])', selects: 82, active: 2, precision: { right: 14, wrong: 0, duplicate: 1, share: 1 } },
  { ...base, id: 'river-alarm', name: t2('Mực nước sông theo báo động', 'River level by alarm'), kind: 'threshold', where: { property: 'water_level', kind: 'river_station' }, levels: [{ severity: 2, raise: '>= bd1', clear: '< bd1 - 0.1' }, { severity: 3, raise: '>= bd2', clear: '< bd2 - 0.1' }, { severity: 4, raise: '>= bd3', clear: '< bd3 - 0.1' }], promql: 'water_level{kind="river_station"}', selects: 8, active: 5, precision: { right: 33, wrong: 1, duplicate: 0, share: 0.97 }, sop: 'river-alarm' },
  { ...base, id: 'river-rise', name: t2('Nước sông lên nhanh', 'River rising fast'), kind: 'rise', where: { property: 'water_level', kind: 'river_station' }, window_seconds: 3600, levels: [{ severity: 3, raise: '>= 0.3', clear: '< 0.1' }], promql: 'water_level{kind="river_station"} - water_level{kind="river_station"} offset 1h', selects: 8, active: 1, precision: { right: 6, wrong: 2, duplicate: 0, share: 0.75 } },
  { ...base, id: 'gauge-silent', name: t2('Trạm mưa im lặng khi lân cận có mưa', 'Gauge silent while neighbours have rain'), kind: 'silence', where: { property: 'rain' }, window_seconds: 1800, levels: [{ severity: 1, raise: '>= 1800', clear: '< 600' }], guard: { property: 'rain', radius_km: 10, window_seconds: 3600, op: '>', value: 5, count: 2 }, promql: 'time() - timestamp(rain)', selects: 82, active: 1, precision: { right: 18, wrong: 1, duplicate: 0, share: 0.95 }, sop: '', service: 'source' },
  { ...base, id: 'gauge-odd', name: t2('Trạm mưa lệch với lân cận', 'Gauge differs from its neighbours'), kind: 'neighbours', where: { property: 'rain' }, window_seconds: 10_800, levels: [{ severity: 1, raise: '< -30', clear: '> -15' }], promql: 'sum_over_time(rain[3h])', selects: 82, active: 0, precision: { right: 2, wrong: 7, duplicate: 0, share: 0.22 }, enabled: false, reason: 'Báo nhầm nhiều ở vùng núi, đang chỉnh bán kính', service: 'source', version: 5, live_version: 4, state: 'draft' },
  { ...base, id: 'sensor-flag', name: t2('Cảm biến đứng yên hoặc nhảy', 'Sensor frozen or toggling'), kind: 'flag', where: { property: 'flood_depth' }, window_seconds: 7200, levels: [{ severity: 1, raise: 'has frozen|toggling', clear: '' }], promql: 'flood_depth:flags', selects: 56, active: 0, precision: null, service: 'source' },
  { ...base, id: 'reservoir', name: t2('Hồ chứa vượt mực nước dâng', 'Reservoir above normal level'), kind: 'threshold', where: { property: 'reservoir_level' }, levels: [{ severity: 2, raise: '>= mndbt', clear: '< mndbt - 0.2' }, { severity: 3, raise: '>= mnltk', clear: '< mndbt' }], promql: 'reservoir_level', selects: 6, active: 0, precision: null, shipped: false, version: 1, live_version: 0, state: 'review', enabled: false, reviewer: null, changed_at: at(3 * hour) },
  { ...base, id: 'basin', name: t2('Mưa trung bình lưu vực Cu Đê', 'Mean rain of the Cu Đê basin'), kind: 'promql', where: {}, expr: 'avg(sum_over_time(rain{basin="cu-de"}[3h]))', levels: [{ severity: 3, raise: '>= 80', clear: '< 60' }], promql: 'avg(sum_over_time(rain{basin="cu-de"}[3h]))', selects: 1, shipped: false, version: 1, live_version: 0, state: 'rejected', enabled: false, reason: 'Chưa rõ ngưỡng lấy từ văn bản nào', changed_at: at(30 * hour) },
]

const propertyOf = (expr: string): string => /rain|flood_depth|water_level|reservoir_level/.exec(expr)?.[0] ?? ''
const listOf = (d: Pick<RuleDraft, 'expr' | 'where'>): { thing: string; name: string }[] => {
  const w = d.where ?? {}
  const p = w['property'] ?? propertyOf(d.expr)
  const all = p === 'rain' ? places.gauges : p === 'flood_depth' ? places.towers : p === 'water_level' ? places.rivers : p === 'reservoir_level' ? places.reservoirs : []
  const area = places.units.find((u) => u.code === w['unit_code'])?.name
  return all.filter((g) => (!w['kind'] || !('kind' in g) || g.kind === w['kind']) && (!w['thing'] || g.thing === w['thing']) && (!area || ('ward' in g && g.ward === area))).map((g) => ({ thing: g.thing, name: g.name }))
}
const write = (d: RuleDraft): string => {
  const p = d.where?.['property'] ?? ''
  const labels = Object.entries(d.where ?? {}).filter(([k, v]) => k !== 'property' && v !== '').map(([k, v]) => `${k}="${v}"`).join(', ')
  const sel = `${p}${labels ? `{${labels}}` : ''}`
  const win = d.window_seconds % 3600 === 0 ? `${d.window_seconds / 3600}h` : `${d.window_seconds / 60}m`
  return d.kind === 'promql' ? d.expr : d.kind === 'sum' || d.kind === 'neighbours' ? `sum_over_time(${sel}[${win}])` : d.kind === 'rise' ? `${sel} - ${sel} offset ${win}` : d.kind === 'silence' ? `time() - timestamp(${sel})` : d.kind === 'flag' ? sel.replace(p, `${p}:flags`) : sel
}
const than = (s: string): number => Number(/-?[\d.]+$/.exec(s)?.[0] ?? NaN)
function check(d: RuleDraft): RuleCheck {
  const things = listOf(d)
  const errors: RuleCheck['errors'] = []
  if (d.kind === 'promql') {
    const open = (d.expr.match(/\(/g) ?? []).length - (d.expr.match(/\)/g) ?? []).length
    if (open !== 0 || d.expr.trim() === '') errors.push({ path: 'expr', code: 'rule.expr', position: Math.max(1, d.expr.length), detail: open > 0 ? 'thiếu dấu ) ở cuối biểu thức' : 'biểu thức còn trống' })
  }
  if (!d.name.vi) errors.push({ path: 'name.vi', code: 'rule.name', detail: 'Luật cần có tên' })
  if ((d.levels ?? []).length === 0) errors.push({ path: 'levels', code: 'rule.levels', detail: 'Cần ít nhất một mức' })
  for (const [i, l] of (d.levels ?? []).entries()) if (l.raise === '') errors.push({ path: `levels[${i}].raise`, code: 'rule.threshold', detail: 'Cần ngưỡng phát' })
    else if (l.raise.startsWith('>') && than(l.clear) > than(l.raise)) errors.push({ path: `levels[${i}].clear`, code: 'rule.hysteresis', detail: 'Ngưỡng hạ phải thấp hơn ngưỡng phát' })
  const low = Math.min(...(d.levels ?? []).map((l) => than(l.raise)).filter(Number.isFinite))
  const fire = low <= 0 ? things.length : Math.round(things.length * 0.12)
  const warnings = things.length === 0 ? [{ code: 'rule.selects_nothing', detail: 'Điều kiện không chọn trạm nào' }] : fire === things.length ? [{ code: 'rule.fires_everywhere', detail: `Sẽ phát ở mọi trạm ngay bây giờ: ${fire}/${things.length}` }] : []
  return { ok: errors.length === 0, promql: write(d), selects: things.length, things: things.slice(0, 20), would_fire_now: fire, warnings, errors }
}

function firings(from: number, to: number, draft: boolean): Firing[] {
  const out: Firing[] = []
  for (const p of places.towers) {
    for (let t = from; t < to; t += 7 * hour) {
      const r = Math.abs(Math.sin((t / hour) * 3.7 + p.i * 91.7) * 9973) % 1
      const storm = Math.exp(-((((Date.now() - t) / hour - 40) / 30) ** 2)) + 0.5 * Math.exp(-((((Date.now() - t) / hour - 400) / 50) ** 2))
      if (r > 0.5 * storm) continue
      const peak = Math.round((0.2 + 0.9 * r * 2) * 100) / 100
      const severity: Severity = peak >= 0.5 ? 4 : peak >= 0.3 ? 3 : 2
      if (draft && severity === 2 && r < 0.05) continue
      out.push({ thing: p.thing, name: p.name, area: p.ward, from: iso(t + r * 5 * hour), to: Date.now() - t < 8 * hour ? null : iso(t + (r * 5 + 0.4 + 3 * r) * hour), severity, peak, estimated: p.i % 2 === 0 })
    }
  }
  return out.sort((a, b) => b.from.localeCompare(a.from))
}
const tests = new Map<string, { started: number; from: number; to: number; compare: boolean; cancelled: boolean }>()
function backtest(id: string): Backtest | null {
  const t = tests.get(id)
  if (!t) return null
  const progress = Math.min(1, (Date.now() - t.started) / 2600)
  const running = { id, progress, series: 56, points: Math.round(progress * 56 * ((t.to - t.from) / 600_000)), took_ms: Date.now() - t.started, detail: '', from: iso(t.from), to: iso(t.to), result: null }
  if (t.cancelled) return { ...running, state: 'cancelled' }
  if (progress < 1) return { ...running, state: 'running' }
  const list = firings(t.from, t.to, true)
  const old = firings(t.from, t.to, false)
  const key = (f: Firing): string => f.thing + f.from
  const news = new Set(list.map(key))
  const same = old.filter((f) => news.has(key(f))).length
  const days = new Map<string, { day: string; n: number; severity: Severity }>()
  for (let d = t.from; d < t.to; d += 24 * hour) days.set(iso(d).slice(0, 10), { day: iso(d).slice(0, 10), n: 0, severity: 0 })
  for (const f of list) {
    const day = days.get(f.from.slice(0, 10)) ?? { day: f.from.slice(0, 10), n: 0, severity: 0 as Severity }
    days.set(day.day, { ...day, n: day.n + 1, severity: Math.max(day.severity, f.severity) as Severity })
  }
  const wards = new Map<string, number>()
  for (const f of list) wards.set(f.area, (wards.get(f.area) ?? 0) + 1)
  return {
    ...running, progress: 1, state: 'done', took_ms: 1840, points: Math.round(56 * ((t.to - t.from) / 600_000)),
    result: {
      firings: list, total: list.length, days: [...days.values()], notifications: [...wards].map(([w, n]) => ({ unit: w, unit_name: `UBND ${places.units.find((u) => u.name === w)?.full_name ?? w}`, n })).sort((a, b) => b.n - a.n),
      incidents: { confirmed: 9, hit: 8, precision: 0.86, recall: 0.89 },
      compare: t.compare ? { version: 3, firings: old.length, same, only_new: list.length - same, only_old: old.length - same } : null,
    },
  }
}

function why(id: string, thing: string, when: number): Trace | null {
  const rule = rules.find((r) => r.id === id)
  if (!rule) return null
  const tower = places.towers.find((x) => x.thing === thing) ?? places.towers[3]
  if (!tower) return null
  const points = Array.from({ length: 9 }, (_, i) => ({ t: iso(Math.floor(when / 600_000) * 600_000 - (8 - i) * 600_000), v: Math.round((depth(tower.i, when - (8 - i) * 600_000) + 0.05 * i) * 100) / 100, flags: i === 4 ? ['step', 'suspect'] : ['estimated'], used: i !== 4 && i > 2 }))
  const value = points.at(-1)?.v ?? null
  return {
    rule: id, version: rule.live_version || rule.version, thing: tower.thing, datastream: `${tower.thing}-depth`, at: iso(when), series: { property: 'flood_depth', name: tower.name, kind: 'flood_1m5', unit_code: '20242', source: 'danang-2025-10' }, expr: rule.promql, value, unit: 'm', points, window_seconds: 3600,
    levels: (rule.levels ?? []).map((l) => ({ severity: l.severity, raise: l.raise, raise_value: than(l.raise) || null, raise_met: (value ?? 0) >= than(l.raise), clear: l.clear, clear_value: than(l.clear) || null, clear_met: (value ?? 0) < than(l.clear) })),
    neighbours: places.towers.slice(4, 8).map((n, i) => ({ thing: n.thing, name: n.name, km: 0.8 + i * 1.1, value: i === 3 ? null : depth(n.i, when) })), guard_met: null,
    state: 'pending', severity: 2, since: iso(when - 3 * 60_000), pending_until: iso(when + 2 * 60_000), keep_until: null,
    reasons: [t2('Giá trị 0,40 m vượt ngưỡng phát mức Cảnh báo (0,30 m).', 'The value 0.40 m is above the raise threshold of Warning (0.30 m).'), t2('Điểm 14:20 bị gắn cờ nhảy bậc nên không dùng.', 'The point of 14:20 is flagged as a step and not used.'), t2('Điều kiện mới kéo dài 3 phút, cần 5 phút: chưa phát.', 'The condition holds for 3 min, 5 min are needed: not fired yet.')], fired: false,
  }
}
const runbook = `# Ngập đường phố\n\nLuật phát khi tháp báo ngập vượt **20 / 30 / 50 cm**.\n\n## Kiểm tra\n\n- Xem camera gần nhất và hai tháp lân cận.\n- Tháp đứng yên trên 6 lần đo: nghi cảm biến, xem \`Bản tin lỗi\`.\n\n## Xử lý\n\n- Gọi trực ban phường; đề nghị chốt chặn khi trên 30 cm.\n- Trên 50 cm: mở sự vụ, báo lãnh đạo ca.\n\n| Mức | Ai làm | Trong |\n|---|---|---|\n| Chú ý | Trực ban IOC | 60 phút |\n| Cảnh báo | UBND phường | 15 phút |\n| Khẩn cấp | BCH PTDS | 5 phút |\n`
const yaml = (): string => rules.map((r) => `- id: ${r.id}\n  name: {vi: "${r.name.vi}", en: "${r.name.en}"}\n  kind: ${r.kind}\n`).join('')

type Answer = (url: URL, match: string[], body: unknown) => unknown
const find = (id = ''): Rule | undefined => rules.find((r) => r.id === id)
const change = (id: string | undefined, f: (r: Rule) => Partial<Rule>): Rule | null => {
  const r = find(id)
  return r ? Object.assign(r, f(r), { changed_at: iso(Date.now()) }) : null
}
export const routes: [string, Answer][] = [
  ['GET /api/v1/rules', () => ({ rules })],
  ['POST /api/v1/rules', (_u, _m, body) => { const r: Rule = { ...base, ...(body as RuleDraft), id: `rule-${rules.length + 1}`, version: 1, live_version: 0, state: 'draft', enabled: false, shipped: false, precision: null, selects: listOf(body as RuleDraft).length, promql: write(body as RuleDraft), changed_at: iso(Date.now()) }; rules.push(r); return r }],
  ['POST /api/v1/rules/check', (_u, _m, body) => check(body as RuleDraft)],
  ['GET /api/v1/rules/export', () => yaml()],
  ['POST /api/v1/rules/import', () => ({ created: ['lake-level', 'wind'], updated: ['rain-1h'], unchanged: ['rain-3h', 'river-alarm'] })],
  ['POST /api/v1/rules/backtests', (_u, _m, body) => { const b = body as { from: string; to: string; compare: boolean }; const id = `bt${tests.size + 1}`; tests.set(id, { started: Date.now(), from: Date.parse(b.from), to: Date.parse(b.to), compare: b.compare, cancelled: false }); return { id } }],
  ['GET /api/v1/rules/backtests/:id', (_u, [id = '']) => backtest(id)],
  ['DELETE /api/v1/rules/backtests/:id', (_u, [id = '']) => { const t = tests.get(id); if (t) t.cancelled = true; return {} }],
  ['GET /api/v1/rules/:id', (_u, [id]) => find(id) ?? null],
  ['PUT /api/v1/rules/:id', (_u, [id], body) => change(id, (r) => ({ ...(body as RuleDraft), version: r.state === 'live' ? r.version + 1 : r.version, state: 'draft', promql: write(body as RuleDraft) }))],
  ['GET /api/v1/rules/:id/versions', (_u, [id]) => { const r = find(id); return r ? { versions: Array.from({ length: r.version }, (_, i) => ({ ...r, version: r.version - i, state: i === 0 ? r.state : r.version - i === r.live_version ? 'live' : 'retired', changed_at: at((2 + i * 19) * 24 * hour), levels: (r.levels ?? []).map((l) => ({ ...l, raise: /^>= [\d.]+$/.test(l.raise) ? `>= ${Math.round((than(l.raise) + i * 0.05) * 100) / 100}` : l.raise })), for_seconds: r.for_seconds + i * 300 })) } : null }],
  ['POST /api/v1/rules/:id/submit', (_u, [id]) => change(id, () => ({ state: 'review' }))],
  ['POST /api/v1/rules/:id/approve', (_u, [id]) => change(id, (r) => ({ state: 'live', live_version: r.version, enabled: true, reviewer: { id: 'u1', name: 'Nguyễn Thị Trực' } }))],
  ['POST /api/v1/rules/:id/reject', (_u, [id], body) => change(id, () => ({ state: 'rejected', reason: (body as { reason: string }).reason }))],
  ['POST /api/v1/rules/:id/enable', (_u, [id], body) => change(id, () => body as { enabled: boolean; reason: string })],
  ['DELETE /api/v1/rules/:id', (_u, [id]) => change(id, () => ({ state: 'retired', enabled: false }))],
  ['GET /api/v1/rules/:id/why', (url, [id = '']) => why(id, url.searchParams.get('thing') ?? '', Date.parse(url.searchParams.get('at') ?? '') || Date.now())],
  ['GET /api/v1/rules/:id/runbook', () => runbook],
]
