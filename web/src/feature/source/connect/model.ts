// What the connect page knows while a source is being connected, and the pure
// rules of it: forms from schemas, mappings, stations for unknown keys.
import type { Text } from '@/api/types'

export interface Schema {
  type: string; title?: Text; help?: Text; format?: string; default?: unknown; enum?: string[]; minimum?: number; maximum?: number
  when?: Record<string, string>; order?: string[]; required?: string[]; properties?: Record<string, Schema>; items?: Schema; additionalProperties?: Schema
}
export interface TemplateStream { key: string; property: string; unit: string; unit_name: string; resolution: number; rhythm: string; title: Text }
export interface Template { id: string; title: Text; notes: Text; kind: string; config: Record<string, unknown> | null; mapping: Mapping | null; datastreams: TemplateStream[] | null; topic?: string; sample: string; sample_name: string }
export interface Kind { name: string; title: Text; summary: Text; readme: string; config_schema: Schema; example?: Record<string, unknown>; probes: boolean; templates: Template[] | null }
export interface Func { name: string; signature: string; help: Text; example: string }
export interface Connectors { kinds: Kind[] | null; formats: string[] | null; functions: Func[] | null }

export interface Field { datastream?: string; value?: string; text?: string; unit?: string; quality?: string; at?: string; if?: string }
export interface Mapping extends Field { format?: string; charset?: string; delimiter?: string; skip_rows?: number; no_header?: boolean; sheet?: string; records?: string; where?: string; zone?: string; time?: string; fields?: Field[] }

export interface Sample { raw: string; encoding?: string; name?: string; content_type?: string }
export interface FieldInfo { path: string; type: string; example: string }
export interface ListInfo { path: string; len: number }
export interface PreviewRow { datastream: string; key: string; name?: string; time: string | null; value: number | null; text?: string; unit: string; flags: string[] | null; verdict: 'accepted' | 'duplicate' | 'rejected' | 'quarantined' | 'unread'; code?: string; detail: string; raw?: string }
export interface Preview { rows: PreviewRow[] | null; counts: Record<string, number> | null; format?: string; lists: ListInfo[] | null; fields: FieldInfo[] | null }

/** Draft is a station to be made for a key that no datastream has yet. */
export interface Draft { key: string; name: string; lon: string; lat: string; property: string; unit: string; resolution: string; rhythm: string; skip: boolean; made: boolean; error: string }

// ---- forms

/** shownFields are the fields of a schema in order, those aside that do not matter for the config now. */
export function shownFields(schema: Schema, config: Record<string, unknown>): string[] {
  const order = schema.order ?? Object.keys(schema.properties ?? {})
  return order.filter((name) => {
    const when = schema.properties?.[name]?.when
    if (!when) return true
    return Object.entries(when).every(([field, values]) => values.split(',').includes(String(config[field] ?? schema.properties?.[field]?.default ?? '')))
  })
}

/** plain are the fields to show at once; the others wait under "more settings". */
export function plain(schema: Schema, names: string[], example: Record<string, unknown> | undefined): string[] {
  const asked = names.filter((n) => schema.required?.includes(n) || schema.properties?.[n]?.when || (example && n in example))
  return asked.length > 0 ? asked : names.slice(0, 4)
}

/** toText is a config value as its input shows it. */
export function toText(s: Schema, v: unknown): string {
  if (v === undefined || v === null) return ''
  if (Array.isArray(v)) return v.join('\n')
  if (s.type === 'object' && typeof v === 'object') return Object.entries(v).map(([k, x]) => `${k}: ${String(x)}`).join('\n')
  return String(v)
}

/** fromText is what the input means; undefined leaves the field to its default. */
export function fromText(s: Schema, text: string): unknown {
  if (text.trim() === '') return undefined
  if (s.type === 'integer' || s.type === 'number') {
    const n = Number(text.replace(',', '.'))
    return Number.isFinite(n) ? n : text
  }
  if (s.type === 'array') return text.split('\n').map((l) => l.trim()).filter(Boolean)
  if (s.type === 'object') return Object.fromEntries(text.split('\n').filter((l) => l.trim() !== '').map((l) => [l.split(':')[0]?.trim() ?? '', l.slice(l.indexOf(':') + 1).trim()]))
  return text
}

// ---- mappings

const fieldKeys = ['datastream', 'value', 'text', 'unit', 'quality', 'at', 'if'] as const

/** fieldsOf are the readings that a mapping makes of one record, one or several. */
export function fieldsOf(m: Mapping): Field[] {
  const own: Field = {}
  for (const k of fieldKeys) if (m[k]) own[k] = m[k]
  const list = [...(Object.keys(own).length > 0 ? [own] : []), ...(m.fields ?? [])]
  return list.length > 0 ? list : [{}]
}

/** withFields is a mapping with these readings: one lies in the mapping itself. */
export function withFields(m: Mapping, list: Field[]): Mapping {
  const out: Mapping = { ...m }
  for (const k of [...fieldKeys, 'fields'] as const) delete out[k]
  return list.length === 1 ? { ...out, ...list[0] } : { ...out, fields: list }
}

/** tidy leaves out what is empty, so that the server's defaults hold. */
export function tidy<T extends object>(m: T): T {
  const entries = Object.entries(m).map(([k, v]) => [k, Array.isArray(v) ? v.map((x: unknown) => (typeof x === 'object' && x !== null ? tidy(x) : x)) : v] as const)
  return Object.fromEntries(entries.filter(([, v]) => v !== '' && v !== undefined && v !== null && v !== false && !(Array.isArray(v) && v.length === 0))) as T
}

/** errorPath is where the server reports an error of the i-th of n readings. */
export const errorPath = (i: number, n: number, key: string): string => (n === 1 ? key : `fields[${i}].${key}`)

/** position is where in an expression the error lies, from 1, as the server words it. */
export function position(detail: string): number | null {
  const m = /(?:position|vị trí) (\d+)/.exec(detail)
  return m ? Number(m[1]) : null
}

/** wordAt is the word that ends at the caret, for completion. */
export function wordAt(text: string, caret: number): { start: number; word: string } {
  const m = /[\p{L}_][\p{L}\p{N}_.]*$/u.exec(text.slice(0, caret))
  return m ? { start: m.index, word: m[0] } : { start: caret, word: '' }
}

// ---- stations for keys that nobody knows

/** unknownKeys are the keys of a preview that no datastream has, each once. */
export const unknownKeys = (rows: PreviewRow[]): string[] => [...new Set(rows.filter((r) => r.key !== '' && !r.name && r.code === 'ingest.datastream_unknown').map((r) => r.key))]

/** seconds reads 10m, 1h, 30s or plain seconds. */
export function seconds(text: string): number | null {
  const m = /^(\d+(?:[.,]\d+)?)\s*(s|m|h|d|giây|phút|giờ|ngày)?$/i.exec(text.trim())
  if (!m) return text.trim() === '' ? 0 : null
  const unit = { s: 1, giây: 1, m: 60, phút: 60, h: 3600, giờ: 3600, d: 86_400, ngày: 86_400 }[(m[2] ?? 's').toLowerCase()] ?? 1
  return Number((m[1] as string).replace(',', '.')) * unit
}

const presets: Record<string, [unit: string, unitName: string, resolution: string]> = { rain: ['mm', 'millimetre', '0.1'], water_level: ['m', 'metre', '0.01'], flood_depth: ['m', 'metre', '0.01'], reservoir_level: ['m', 'metre', '0.01'], water_temperature: ['Cel', 'degree Celsius', '0.1'] }
export const presetOf = (property: string): { unit: string; unitName: string; resolution: string } => {
  const [unit, unitName, resolution] = presets[property] ?? ['', '', '0.01']
  return { unit, unitName, resolution }
}
const kindOf: Record<string, string> = { rain: 'rain_gauge', water_level: 'water_level', flood_depth: 'flood_1m5', reservoir_level: 'reservoir_waterlevel' }

/** draftFor proposes a station for a key by what the template says of such keys. */
export function draftFor(key: string, template: Template | null, unit: string): Draft {
  const like = template?.datastreams?.find((d) => new RegExp(`^${d.key.split('*').map((p) => p.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`).test(key))
  const property = like?.property ?? (unit === 'mm' ? 'rain' : 'water_level')
  const preset = presetOf(property)
  return { key, name: key, lon: '', lat: '', property, unit: (like?.unit ?? unit) || preset.unit, resolution: String(like?.resolution ?? preset.resolution), rhythm: like?.rhythm ?? '10m', skip: false, made: false, error: '' }
}

/** wrongWith says by key of the catalogue what a draft lacks, "" nothing. */
export function wrongWith(d: Draft): string {
  if (d.skip || d.made) return ''
  const lon = Number(d.lon.replace(',', '.'))
  const lat = Number(d.lat.replace(',', '.'))
  if (d.name.trim() === '') return 'connect.wrong.name'
  if (d.lon.trim() === '' || d.lat.trim() === '') return 'connect.wrong.place'
  if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 90)) return 'connect.wrong.place'
  if (d.property === '') return 'connect.wrong.property'
  if (!(Number(d.resolution.replace(',', '.')) > 0)) return 'connect.wrong.resolution'
  return seconds(d.rhythm) === null ? 'connect.wrong.rhythm' : ''
}

/** idOf makes an id that may stand in addresses. */
export const idOf = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60)

/** thingOf is the SensorThings entity of a draft, place and datastream nested in it. */
export function thingOf(d: Draft, source: string, provenance: string, sensor: string): object {
  const id = `${source}-${idOf(d.key) || 'x'}`
  const lon = Number(d.lon.replace(',', '.'))
  const lat = Number(d.lat.replace(',', '.'))
  return {
    '@iot.id': id, name: d.name.trim(), description: d.name.trim(), properties: { kind: kindOf[d.property] ?? 'station', code: d.key },
    Locations: [{ '@iot.id': id, name: d.name.trim(), description: d.name.trim(), encodingType: 'application/geo+json', location: { type: 'Point', coordinates: [lon, lat] } }],
    Datastreams: [{
      '@iot.id': `${id}-${d.property.replaceAll('_', '-')}`, name: d.name.trim(), description: d.name.trim(), observationType: 'http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement',
      unitOfMeasurement: { name: presetOf(d.property).unitName || d.unit, symbol: d.unit, definition: 'http://unitsofmeasure.org/ucum.html' },
      properties: { source, key: d.key, resolution: Number(d.resolution.replace(',', '.')), rhythm_seconds: seconds(d.rhythm) ?? 0, provenance },
      ObservedProperty: { '@iot.id': d.property }, Sensor: { '@iot.id': sensor },
    }],
  }
}
