// Invented answers: city, layers, figures, stations, flood. The places are the
// real ones of the scenario data; the values are a storm that never was.
import { readFileSync } from 'node:fs'
import type { Feature, FloodSummary, Layer, Overview, RainRow, RiverRow, SeriesPoint, Session, Severity, Station, TowerRow } from '../src/api/types'

const root = new URL('../../internal/', import.meta.url)
const file = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const table = (path: string): Record<string, string>[] => {
  const [head = '', ...lines] = file(path).trim().split('\n')
  const keys = head.split(',')
  return lines.map((l) => Object.fromEntries((l.match(/("([^"]|"")*"|[^,]*)(,|$)/g) ?? []).map((c, i) => [keys[i] ?? '', c.replace(/,$/, '').replace(/^"|"$/g, '')])))
}

const minute = 60_000
const started = Date.now()
const iso = (t: number): string => new Date(t).toISOString()
const t2 = (vi: string, en: string): { vi: string; en: string } => ({ vi, en })
const noise = (seed: number): number => ((Math.sin(seed * 127.1) * 43758.5453) % 1 + 1) % 1
/** The storm: rain of a gauge in mm per 10 min, t in ms. */
const rain = (i: number, t: number): number => {
  const h = (t - started) / 3_600_000
  const wave = Math.exp(-(((h + 5) / 6) ** 2)) + 0.5 * Math.exp(-(((h + 40) / 5) ** 2)) + 0.35 * Math.exp(-(((h + 120) / 9) ** 2))
  return Math.max(0, Math.round(wave * (2 + 12 * noise(i)) * (0.5 + noise(i * 31 + Math.floor(t / 600_000))) * 10 - 6) / 10)
}
const sum = (i: number, hours: number, at = Date.now()): number => {
  let mm = 0
  for (let t = at - hours * 3_600_000; t < at; t += 10 * minute) mm += rain(i, t)
  return Math.round(mm * 10) / 10
}
const level = (i: number, base: number, t: number): number => Math.round((base + 0.02 * sum(i, 12, t) * (0.4 + noise(i + 9)) + 0.15 * Math.sin(t / 7_000_000)) * 100) / 100

const gauges = table('scenario/data/danang/rain_gauges.csv').map((g, i) => ({ i, thing: g['thing'] ?? '', name: g['name'] ?? '', lon: Number(g['lon']), lat: Number(g['lat']), ward: g['area_ward'] ?? '' }))
const water = table('scenario/data/danang/water_stations.csv').map((g, i) => ({ i, thing: `water-${g['code']}`, name: g['name'] ?? '', kind: g['type_code'] ?? '', lon: Number(g['lon']), lat: Number(g['lat']), ward: g['area_ward'] ?? '' }))
const alarms = new Map(table('flood/data/alarm_levels.csv').map((a) => [a['thing'], [Number(a['bd1']), Number(a['bd2']), Number(a['bd3'])]]))
const rivers = table('scenario/data/danang/river_stations.csv').map((r, i) => ({ i, thing: r['thing'] ?? '', name: r['name'] ?? '', river: r['river'] ?? '', lon: Number(r['lon']), lat: Number(r['lat']), bd: alarms.get(r['thing'] ?? '') ?? [], base: Number(r['base_m']) }))
const towers = water.filter((s) => s.kind.startsWith('flood'))
const units = table('city/data/units.csv').filter((u) => u['valid_from'] === '2025-07-01').map((u, i) => ({ i, code: u['code'] ?? '', name: u['name'] ?? '', full_name: u['full_name'] ?? '', name_en: u['name_en'] ?? '', kind: u['kind'] ?? '', area_km2: Number(u['area_km2']), lon: Number(u['lon']), lat: Number(u['lat']) }))
const codeOf = new Map(units.map((u) => [u.name, u.code]))
const shapes = (JSON.parse(file('city/data/shapes.geojson')) as GeoJSON.FeatureCollection).features
export const depth = (i: number, t: number): number => Math.max(0, Math.round((sum(i, 3, t) * noise(i * 7) - 30) / 60 * 20) / 20)

/** places is what the other mocks speak of. */
export const places = { gauges, towers, rivers, reservoirs: water.filter((x) => x.kind.startsWith('reservoir')), units }

const rainState = (mm: number): [string, Severity] => (mm > 100 ? ['very_heavy', 3] : mm > 50 ? ['heavy', 2] : mm >= 16 ? ['moderate', 1] : mm > 0 ? ['light', 0] : ['none', 0])
const depthState = (m: number): [string, Severity] => (m > 1 ? ['dangerous', 4] : m >= 0.5 ? ['very_heavy', 4] : m >= 0.3 ? ['heavy', 3] : m >= 0.2 ? ['medium', 2] : m >= 0.05 ? ['light', 1] : ['dry', 0])
const classNames: Record<string, { vi: string; en: string }> = { none: t2('Không mưa', 'No rain'), light: t2('Mưa nhỏ', 'Light rain'), moderate: t2('Mưa vừa', 'Moderate rain'), heavy: t2('Mưa to', 'Heavy rain'), very_heavy: t2('Mưa rất to', 'Very heavy rain') }
const depthNames: Record<string, { vi: string; en: string }> = { dry: t2('Khô (dưới 5 cm)', 'Dry (under 5 cm)'), light: t2('Nhẹ (5–20 cm)', 'Light (5–20 cm)'), medium: t2('Trung bình (20–30 cm)', 'Medium (20–30 cm)'), heavy: t2('Nặng (30–50 cm)', 'Heavy (30–50 cm)'), very_heavy: t2('Rất nặng (50–100 cm)', 'Very heavy (50–100 cm)'), dangerous: t2('Nguy hiểm (trên 100 cm)', 'Dangerous (over 100 cm)') }

const columns = [{ key: 'name', title: t2('Trạm', 'Station'), kind: 'text' as const }, { key: 'value', title: t2('Giá trị', 'Value'), kind: 'number' as const }, { key: 'state', title: t2('Mức', 'Class'), kind: 'state' as const }, { key: 'unit_name', title: t2('Phường, xã', 'Ward'), kind: 'text' as const }, { key: 'as_of', title: t2('Lúc', 'As of'), kind: 'time' as const }]
const layers: (Layer & { features: (at: number) => Feature[] })[] = [
  {
    id: 'rain', service: 'flood', title: t2('Mưa 24 giờ', 'Rain 24 h'), geometry: 'point', on: true, columns, count: gauges.length,
    legend: (['none', 'light', 'moderate', 'heavy', 'very_heavy'] as const).map((state, i) => ({ state, title: classNames[state] as never, severity: Math.max(0, i - 1) as Severity, color: `rain-${i}` })),
    features: (at) => gauges.map((g) => {
      const mm = sum(g.i, 24, at)
      const [state, severity] = rainState(mm)
      const dead = g.i === 11
      return { id: g.thing, name: g.name, lon: g.lon, lat: g.lat, thing: g.thing, datastream: `${g.thing}-rain`, unit_code: codeOf.get(g.ward) ?? '', unit_name: g.ward, value: dead ? null : mm, unit: 'mm', as_of: dead ? null : iso(at - 4 * minute), state: dead ? 'none' : state, severity: dead ? 0 : severity, stale: dead || g.i === 20, estimated: true, ...(dead ? { why: t2('Trạm mất kết nối từ 02:10', 'Silent since 02:10') } : {}), original_time: iso(at - 390 * 86_400_000) }
    }),
  },
  {
    id: 'towers', service: 'flood', title: t2('Tháp báo ngập', 'Flood towers'), geometry: 'point', on: true, columns, count: towers.length,
    legend: (['dry', 'light', 'medium', 'heavy', 'very_heavy', 'dangerous'] as const).map((state, i) => ({ state, title: depthNames[state] as never, severity: Math.min(4, i) as Severity, color: `depth-${i}` })),
    features: (at) => towers.map((g) => {
      const m = depth(g.i, at)
      const [state, severity] = depthState(m)
      return { id: g.thing, name: g.name, lon: g.lon, lat: g.lat, thing: g.thing, datastream: `${g.thing}-depth`, unit_code: codeOf.get(g.ward) ?? '', unit_name: g.ward, value: m, unit: 'm', as_of: iso(at - 2 * minute), state, severity, estimated: g.i % 2 === 0 }
    }),
  },
  {
    id: 'rivers', service: 'flood', title: t2('Mực nước sông', 'River levels'), geometry: 'point', on: true, columns, count: rivers.length,
    legend: [0, 1, 2, 3].map((i) => ({ state: `level${i}`, title: i ? t2(`Trên báo động ${i}`, `Above alarm ${i}`) : t2('Dưới báo động 1', 'Below alarm 1'), severity: (i ? i + 1 : 0) as Severity, color: `level-${i}` })),
    features: (at) => riverRows(at).map((r, i) => ({ id: r.thing, name: r.name, lon: rivers[i]?.lon ?? 0, lat: rivers[i]?.lat ?? 0, thing: r.thing, datastream: `${r.thing}-level`, unit_name: '', value: r.level, unit: 'm', as_of: r.as_of, state: `level${r.alarm}`, severity: (r.alarm ? r.alarm + 1 : 0) as Severity, ...(r.phrase ? { phrase: r.phrase } : {}), estimated: true })),
  },
  {
    id: 'units', service: 'flood', title: t2('Mưa theo phường, xã', 'Rain by ward'), geometry: 'polygon', on: false, columns: columns.filter((c) => c.key !== 'unit_name'), count: units.length,
    legend: (['none', 'light', 'moderate', 'heavy', 'very_heavy'] as const).map((state, i) => ({ state, title: classNames[state] as never, severity: Math.max(0, i - 1) as Severity, color: `rain-${i}` })),
    features: (at) => units.map((u) => {
      const mm = sum(u.i + 100, 24, at)
      const [state, severity] = rainState(mm)
      return { id: u.code, name: u.name, lon: u.lon, lat: u.lat, unit_code: u.code, unit_name: u.full_name, geometry: shapes.find((s) => s.id === u.code)?.geometry as GeoJSON.Polygon, value: u.i % 6 === 0 ? null : mm, unit: 'mm', as_of: iso(at), state: u.i % 6 === 0 ? 'no_data' : state, severity, ...(u.i % 6 === 0 ? { why: t2('Không có trạm mưa', 'No rain gauge') } : {}) }
    }),
  },
]

function riverRows(at: number): RiverRow[] {
  return rivers.map((r) => {
    const v = level(r.i, r.base, at)
    const alarm = r.bd.filter((b) => v >= b).length
    const over = r.bd[alarm - 1]
    const text = (m: number): string => m.toFixed(2).replace('.', ',')
    return { thing: r.thing, datastream: `${r.thing}-level`, kind: 'river_gauge', lon: r.lon, lat: r.lat, severity: (alarm ? alarm + 1 : 0) as Severity, name: r.name, river: r.river, level: v, bd1: r.bd[0] ?? null, bd2: r.bd[1] ?? null, bd3: r.bd[2] ?? null, alarm, phrase: over === undefined ? t2(`${text(v)} m, dưới BĐ1`, `${v} m, below alarm 1`) : t2(`${text(v)} m, trên BĐ${alarm} ${text(v - over)} m`, `${v} m, ${(v - over).toFixed(2)} m above alarm ${alarm}`), rise_cm_h: Math.round((v - level(r.i, r.base, at - 3_600_000)) * 100), as_of: iso(at - 5 * minute), estimated: true, flags: ['estimated'], record: { value: (r.bd[2] ?? 3) + 1.2, at: '2025-10-28T10:00:00Z' } }
  })
}

function flood(at: number): FloodSummary {
  const rainRows: RainRow[] = gauges.map((g) => {
    const h24 = sum(g.i, 24, at)
    const [state] = rainState(h24)
    return { thing: g.thing, datastream: `${g.thing}-rain`, kind: 'rain_gauge', severity: rainState(h24)[1], name: g.name, unit_code: codeOf.get(g.ward) ?? '', unit_name: g.ward, lon: g.lon, lat: g.lat, m10: g.i === 11 ? null : rain(g.i, at - 10 * minute), h1: sum(g.i, 1, at), h3: sum(g.i, 3, at), h6: sum(g.i, 6, at), h12: sum(g.i, 12, at), h24, since19: sum(g.i, 9, at), event: sum(g.i, 60, at), class: { id: state, title: classNames[state] as never, severity: rainState(h24)[1] }, as_of: iso(at - 4 * minute), estimated: true, flags: g.i === 20 ? ['frozen'] : [], neighbours: { ok: g.i !== 33, expected: h24 * 1.2, n: 4 } }
  })
  const towerRows: TowerRow[] = towers.map((g) => {
    const m = depth(g.i, at)
    const [state, severity] = depthState(m)
    return { thing: g.thing, datastream: `${g.thing}-depth`, lon: g.lon, lat: g.lat, unit_code: codeOf.get(g.ward) ?? '', name: g.name, unit_name: g.ward, kind: g.kind, depth_m: m, class: { id: state, title: depthNames[state] as never, severity }, as_of: iso(at - 2 * minute), estimated: g.i % 2 === 0, flags: [], severity }
  })
  return { at: iso(at), event_start: iso(at - 60 * 3_600_000), met_day_start: iso(at - 9 * 3_600_000), rain: rainRows, rivers: riverRows(at), towers: towerRows, reservoirs: water.filter((w) => w.kind === 'reservoir').map((w) => ({ thing: w.thing, datastream: `${w.thing}-level`, kind: w.kind, lon: w.lon, lat: w.lat, severity: 0 as Severity, name: w.name, unit_name: w.ward, level_m: 60 + w.i, as_of: iso(at - 9 * minute), estimated: false, flags: [] })), units: units.map((u) => ({ code: u.code, name: u.full_name, rain_avg_24h: u.i % 6 ? sum(u.i + 100, 24, at) : null, rain_max_1h: u.i % 6 ? sum(u.i + 100, 1, at) : null, towers: u.i % 4, towers_flooded: u.i % 3 === 0 ? 1 : 0, deepest_m: u.i % 3 === 0 ? 0.35 : null, gauges: u.i % 6 ? 1 : 0, severity: (u.i % 5) as Severity })) }
}

const feeds: Session['feeds'] = [
  { source: 'danang-2025-10', title: t2('Đà Nẵng 10/2025', 'Da Nang 10/2025'), provenance: 'reconstructed', shift_seconds: 33_696_000, original_now: iso(started - 33_696_000_000), note: t2('Dựng lại từ các bản tin đã công bố', 'Rebuilt from the published bulletins') },
  { source: 'nhatle-2020', title: t2('Nhật Lệ 2020', 'Nhat Le 2020'), provenance: 'real', shift_seconds: 192_000_000, original_now: iso(started - 192_000_000_000), note: t2('Số đo thật của 8 trạm', 'Real readings of 8 gauges') },
]
const city = { name: 'Đà Nẵng', name_en: 'Da Nang', center: [108.19, 16.03] as [number, number], zoom: 10.5, timezone: 'Asia/Ho_Chi_Minh' }
const accounts = ['admin', 'leader', 'ioclead', 'duty', 'unitlead', 'unit', 'citizen']
const permissions = ['layer.view', 'observation.view', 'observation.edit', 'data.export', 'catalog.edit', 'source.view', 'source.edit', 'user.view', 'user.edit', 'audit.view', 'alert.view', 'alert.handle', 'alert.answer', 'alert.silence', 'rule.view', 'rule.edit', 'rule.approve', 'incident.view', 'incident.handle', 'task.answer', 'directive.give', 'duty.view', 'duty.log', 'duty.edit', 'notify.view', 'notify.edit']

// Who has signed in: the demo account decides what may be done.
let who = 'admin'
const unitPermissions = ['layer.view', 'observation.view', 'data.export', 'source.view', 'alert.view', 'alert.answer', 'incident.view', 'task.answer', 'duty.view']
const people: Record<string, { name: string; unit: string; roles: string[]; permissions: string[] }> = {
  unit: { name: 'Phạm Văn Lộc', unit: '20242', roles: ['unit'], permissions: unitPermissions },
  unitlead: { name: 'Đặng Thị Thu', unit: '20242', roles: ['unit_leader'], permissions: unitPermissions },
  leader: { name: 'Lê Thị Hạnh', unit: '', roles: ['leader'], permissions: ['layer.view', 'observation.view', 'data.export', 'source.view', 'alert.view', 'rule.view', 'incident.view', 'directive.give', 'duty.view'] },
}

const trendOf = (f: (t: number) => number, at: number): { t: string; v: number }[] => Array.from({ length: 25 }, (_, i) => ({ t: iso(at - (24 - i) * 3_600_000), v: f(at - (24 - i) * 3_600_000) }))
function overview(at: number): Overview {
  const max3 = gauges.map((g) => [sum(g.i, 3, at), g] as const).sort((a, b) => b[0] - a[0])[0]
  const avg = (t: number): number => Math.round((gauges.reduce((s, g) => s + sum(g.i, 1, t), 0) / gauges.length) * 10) / 10
  const wet = towers.map((g) => [depth(g.i, at), g] as const).filter(([m]) => m >= 0.05).sort((a, b) => b[0] - a[0])
  const high = riverRows(at).filter((r) => (r.alarm ?? 0) > 0)
  const tile = (id: string, vi: string, en: string, unit: string, good: '' | 'up' | 'down', figure: Partial<Overview['tiles'] extends (infer T)[] | null ? (T extends { figure: infer F } ? F : never) : never>, tile: number): NonNullable<Overview['tiles']>[number] => ({ indicator: { id, title: t2(vi, en), definition: t2(`${vi}: tính trên các trạm có số liệu trong kỳ, bỏ giá trị bị gắn cờ ngoài ngưỡng.`, `${en}: over the stations with data in the period, without values flagged out of range.`), unit, good, tile }, figure: { indicator: id, value: null, unit, as_of: iso(at - 3 * minute), severity: 0, link: '/flood', data: '', estimated: true, ...figure } })
  return {
    at: iso(at),
    tiles: [
      tile('flood.rain_max_3h', 'Mưa 3 giờ lớn nhất', 'Highest 3-hour rain', 'mm', 'down', { value: max3?.[0] ?? null, subject: max3?.[1].name ?? '', previous: 41.2, previous_at: iso(at - 86_400_000), severity: 3, trend: trendOf((t) => Math.max(...gauges.slice(0, 20).map((g) => sum(g.i, 3, t))), at), note: t2(`${gauges.filter((g) => sum(g.i, 1, at) > 30).length}/82 trạm > 30 mm/giờ`, `${gauges.filter((g) => sum(g.i, 1, at) > 30).length}/82 gauges > 30 mm/h`), link: '/flood?tab=rain' }, 1),
      tile('flood.rain_mean_24h', 'Mưa trung bình 1 giờ', 'Mean rain in 1 h', 'mm', 'down', { value: avg(at), previous: avg(at - 86_400_000), previous_at: iso(at - 86_400_000), severity: 2, trend: trendOf(avg, at), numerator: 81, denominator: 82, note: t2('81/82 trạm có số liệu', '81/82 gauges with data') }, 2),
      tile('flood.towers_flooded', 'Điểm ngập', 'Flooded points', '', 'down', { value: wet.length, numerator: wet.length, denominator: towers.length, previous: 6, previous_at: iso(at - 86_400_000), severity: 4, trend: trendOf((t) => towers.filter((g) => depth(g.i, t) >= 0.05).length, at), note: t2(`sâu nhất ${Math.round((wet[0]?.[0] ?? 0) * 100)} cm · ${wet[0]?.[1].name ?? ''}`, `deepest ${Math.round((wet[0]?.[0] ?? 0) * 100)} cm · ${wet[0]?.[1].name ?? ''}`), link: '/flood?tab=towers' }, 3),
      tile('flood.rivers_over_alarm', 'Trạm trên báo động', 'Gauges above alarm', '', 'down', { value: high.length, numerator: high.length, denominator: rivers.length, previous: 1, previous_at: iso(at - 86_400_000), severity: 3, trend: trendOf((t) => riverRows(t).filter((r) => (r.alarm ?? 0) > 0).length, at), note: t2(`${high.filter((r) => r.alarm === 3).length} trạm trên BĐ3`, `${high.filter((r) => r.alarm === 3).length} above alarm 3`), link: '/flood?tab=rivers' }, 4),
      tile('sources.completeness', 'Đủ số liệu 24 giờ', 'Completeness 24 h', '%', 'up', { value: 97.4, previous: 98.1, previous_at: iso(at - 86_400_000), estimated: false, trend: trendOf((t) => 97 + noise(t / 3_600_000), at), link: '/sources' }, 5),
      tile('flood.reservoirs', 'Hồ chứa vượt mực dâng', 'Reservoirs above normal', '', 'down', { value: null, why: t2('Chưa có số liệu hồ trong 6 giờ', 'No reservoir data in 6 h'), estimated: false }, 6),
    ],
    feed: [
      ...high.slice(0, 3).map((r, i) => ({ at: iso(at - (i + 1) * 7 * minute), kind: 'river', severity: ((r.alarm ?? 0) + 1) as Severity, title: t2(`Mực nước ${r.phrase?.vi}`, `Level ${r.phrase?.en}`), place: `${r.name} – sông ${r.river}`, link: `/stations/${r.thing}` })),
      ...wet.slice(0, 5).map(([m, g], i) => ({ at: iso(at - (i * 11 + 2) * minute), kind: 'tower', severity: depthState(m)[1], title: t2(`Ngập ${Math.round(m * 100)} cm`, `${Math.round(m * 100)} cm of water`), place: `${g.name} – ${g.ward}`, link: `/stations/${g.thing}` })),
      { at: iso(at - 95 * minute), kind: 'source', severity: 1 as Severity, title: t2('Trạm mất kết nối 1 giờ 35 phút', 'Silent for 1 h 35 min'), place: gauges[11]?.name ?? '', link: '/sources' },
    ].sort((a, b) => b.at.localeCompare(a.at)),
    sources: { total: 183, live: 181, late: 1, silent: 1, lag_seconds: 1.2 },
  }
}

const stations: Station[] = [
  ...gauges.map((g): Station => ({ thing: g.thing, name: g.name, kind: 'rain_gauge', unit_code: codeOf.get(g.ward) ?? '', unit_name: g.ward, lon: g.lon, lat: g.lat, datastreams: [{ id: `${g.thing}-rain`, name: 'Lượng mưa', property: 'rain', unit: 'mm', last: { t: iso(Date.now() - 4 * minute), v: rain(g.i, Date.now()), flags: ['estimated'] }, rhythm_seconds: 600, source: 'danang-2025-10', provenance: 'reconstructed', thresholds: [] }] })),
  ...towers.map((g): Station => ({ thing: g.thing, name: g.name, kind: g.kind, unit_code: codeOf.get(g.ward) ?? '', unit_name: g.ward, lon: g.lon, lat: g.lat, datastreams: [{ id: `${g.thing}-depth`, name: 'Độ sâu ngập', property: 'flood_depth', unit: 'm', last: { t: iso(Date.now() - 2 * minute), v: depth(g.i, Date.now()), flags: [] }, rhythm_seconds: 600, source: 'danang-2025-10', provenance: 'reconstructed', thresholds: [] }] })),
  ...rivers.map((r): Station => ({ thing: r.thing, name: r.name, kind: 'river_gauge', unit_code: '', unit_name: '', lon: r.lon, lat: r.lat, datastreams: [{ id: `${r.thing}-level`, name: 'Mực nước', property: 'water_level', unit: 'm', last: { t: iso(Date.now() - 5 * minute), v: level(r.i, r.base, Date.now()), flags: ['estimated'] }, rhythm_seconds: 3600, source: 'danang-2025-10', provenance: 'reconstructed', thresholds: r.bd.map((value, k) => ({ level: k + 1, value, title: t2(`BĐ${k + 1}`, `Alarm ${k + 1}`), from: '2020-01-31T00:00:00Z', source: 'QĐ 05/2020/QĐ-TTg' })) }] })),
]

const flagsLegend = ['estimated', 'out_of_range', 'frozen', 'step', 'toggling', 'negative', 'late', 'wrong_unit', 'suspect', 'bad', 'neighbours', 'corrected', 'given', 'maintenance']
function series(id: string, url: URL): unknown {
  const to = Date.parse(url.searchParams.get('to') ?? '') || Date.now()
  const from = Date.parse(url.searchParams.get('from') ?? '') || to - 7 * 86_400_000
  const s = stations.find((st) => st.datastreams?.some((d) => d.id === id))
  const ds = s?.datastreams?.[0]
  if (!s || !ds) return null
  const i = gauges.find((g) => g.thing === s.thing)?.i ?? towers.find((g) => g.thing === s.thing)?.i ?? rivers.find((g) => g.thing === s.thing)?.i ?? 0
  const step = Math.max(ds.property === 'rain' ? 3_600_000 : 1_800_000, Math.ceil((to - from) / 400 / 600_000) * 600_000)
  const points: SeriesPoint[] = []
  for (let t = Math.ceil(from / step) * step; t <= Math.min(to, Date.now()); t += step) {
    const v = ds.property === 'rain' ? sum(i, step / 3_600_000, t) : ds.property === 'water_level' ? level(i, rivers[i]?.base ?? 0, t) : depth(i, t)
    const k = Math.floor(t / step)
    if (k % 97 < 3) continue
    points.push([t, v, (k % 3 === 0 ? 4096 : 1) | (k % 41 === 0 ? 4 : 0)])
  }
  return { id, unit: ds.unit, from: iso(from), to: iso(to), step_seconds: step / 1000, points, flags_legend: flagsLegend, estimated: false, provenance: ds.provenance, shift_seconds: 33_696_000 }
}

export const delta = (): unknown => ({ obs: Array.from({ length: 4 }, (_, k) => towers[(Math.floor(Date.now() / 3000) * 4 + k) % towers.length]).flatMap((g) => (g ? [{ ds: `${g.thing}-depth`, thing: g.thing, t: Date.now(), v: depth(g.i, Date.now()), f: 1 }] : [])) })

const at = (url: URL): number => Date.parse(url.searchParams.get('at') ?? '') || Date.now()
const plain = (s: string): string => s.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll(/[đĐ]/g, 'd').toLowerCase()

const hues = { dark: ['#0a1a2c', '#15243a', '#2a3d5c'], light: ['#dce9f5', '#f7f5f0', '#c9cfda'] }
const style = (_url: URL, [theme = 'dark']: string[]): unknown => {
  const [sea, land, border] = hues[theme === 'light' ? 'light' : 'dark']
  return { version: 8, sources: { units: { type: 'geojson', data: '/map/data/units.geojson', attribution: 'Ranh giới: thanglequoc (MIT)' } }, layers: [{ id: 'sea', type: 'background', paint: { 'background-color': sea } }, { id: 'land', type: 'fill', source: 'units', paint: { 'fill-color': land, 'fill-outline-color': border } }] }
}

export const routes: [string, (url: URL, match: string[], body: unknown) => unknown][] = [
  ['GET /api/v1/public/hello', () => ({ city, demo: true, version: 'dev', accounts })],
  ['GET /api/v1/session', (): Session => ({ user: { id: 'u1', username: who, ...(people[who] ?? { name: 'Nguyễn Thị Trực', roles: ['admin'], unit: '', permissions }), must_change: false }, demo: { accounts }, city, version: 'dev', mqtt: '127.0.0.1:1883', feeds })],
  ['POST /api/v1/session', (_url, _match, body) => { who = (body as { username: string }).username; return { token: 'mock', user: { id: 'u1' } } }],
  ['POST /api/v1/me/password', () => ({})],
  ['GET /api/v1/layers', () => ({ layers: layers.map(({ features: _, ...l }) => l) })],
  ['GET /api/v1/layers/:id', (url, [id]) => { const l = layers.find((x) => x.id === id); return l ? { at: iso(at(url)), features: l.features(at(url)) } : null }],
  ['GET /api/v1/overview', (url) => overview(at(url))],
  ['GET /api/v1/indicators', () => ({ indicators: overview(Date.now()).tiles?.map((t) => t.indicator) })],
  ['GET /api/v1/flood/summary', (url) => flood(at(url))],
  ['GET /api/v1/stations', (url) => ({ stations: stations.filter((s) => plain(s.name).includes(plain(url.searchParams.get('q') ?? ''))) })],
  ['GET /api/v1/stations/:thing', (_url, [thing]) => stations.find((s) => s.thing === thing) ?? null],
  ['GET /api/v1/datastreams/:id/series', (url, [id = '']) => series(id, url)],
  ['GET /api/v1/datastreams/:id/observations', (url, [id = '']) => { const s = series(id, url) as { points: SeriesPoint[] } | null; return s && { observations: s.points.slice(-200).reverse().map(([t, v, f]) => ({ t: iso(t), v, raw_v: v, flags: flagsLegend.filter((_, i) => f & (1 << i)), received: iso(t + 4000), original_time: iso(t - 33_696_000_000) })) } }],
  ['GET /api/v1/datastreams/:id/corrections', () => ({ corrections: [] })],
  ['GET /api/v1/units', () => ({ at: iso(Date.now()), units })],
  ['GET /api/v1/search', (url) => { const q = plain(url.searchParams.get('q') ?? ''); return { results: [...stations.filter((s) => plain(s.name).includes(q)).map((s) => ({ kind: 'station', id: s.thing, title: s.name, subtitle: s.unit_name, lon: s.lon, lat: s.lat, link: `/stations/${s.thing}` })), ...units.filter((u) => plain(u.full_name).includes(q)).map((u) => ({ kind: 'unit', id: u.code, title: u.full_name, subtitle: `${u.area_km2} km²`, lon: u.lon, lat: u.lat, link: '' }))].slice(0, 20) } }],
  ['GET /map/style/:theme.json', style],
  ['GET /map/data/units.geojson', () => ({ type: 'FeatureCollection', features: shapes })],
]
