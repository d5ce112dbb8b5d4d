// The shapes of /api/v1, by hand until the schema is generated. Instants are
// RFC 3339 UTC; null means "no data", and there is a why beside it.

import type { Grant } from './people'
import type { SecondStep } from './security'

export interface Text { vi: string; en: string }
/** Severity: 0 none, 1 thông tin, 2 chú ý, 3 cảnh báo, 4 khẩn cấp. */
export type Severity = 0 | 1 | 2 | 3 | 4
export type Provenance = 'real' | 'reconstructed' | 'simulated'

// ---- session
export interface City { name: string; name_en: string; center: [number, number]; zoom: number; timezone: string }
export interface User { id: string; username: string; name: string; roles: string[]; unit: string; permissions: string[]; must_change: boolean; must_enrol?: boolean; grants?: Grant[] | null }
/** ViewAs: somebody looks at the pages as another person or as a unit. */
export interface ViewAs { name: string; unit: string; unit_name: string; role: string; by_name: string }
export interface Feed { source: string; title: Text; provenance: Provenance; shift_seconds: number; original_now: string; note?: Text | null }
export interface Session { user: User; view_as?: ViewAs | null; demo: { accounts: string[] } | null; city: City; version: string; mqtt: string; feeds: Feed[] | null }
export interface Hello { city: City; demo: boolean; version: string; accounts: string[] | null; now?: string }
/** SignedIn has the token, or the second step that is still to come. */
export interface SignedIn { token?: string; user?: User; second?: SecondStep | null }

// ---- layers
export interface Column { key: string; title: Text; kind: 'text' | 'number' | 'time' | 'state'; unit?: string }
export interface LegendItem { state: string; title: Text; severity: Severity; color: string }
export interface Layer { id: string; service: string; title: Text; geometry: 'point' | 'polygon'; on: boolean; columns: Column[] | null; legend: LegendItem[] | null; count: number }
export interface Feature {
  id: string; name: string; lon: number; lat: number
  geometry?: GeoJSON.Polygon | GeoJSON.MultiPolygon
  thing?: string; datastream?: string; unit_code?: string; unit_name?: string
  value: number | null; unit?: string; as_of: string | null; original_time?: string
  state: string; severity: Severity; stale?: boolean; estimated?: boolean; flags?: string[]
  phrase?: Text; why?: Text; props?: Record<string, unknown>
}
export interface LayerFeatures { at: string; features: Feature[] | null }

// ---- figures
export interface Indicator { id: string; title: Text; definition: Text; unit: string; good: '' | 'up' | 'down'; tile: number }
export interface FigurePoint { t: string; v: number | null }
export interface Figure {
  indicator: string; value: number | null; unit: string
  numerator?: number | null; denominator?: number | null; from?: string | null; as_of: string
  previous?: number | null; previous_at?: string | null; trend?: FigurePoint[] | null
  state?: string; severity: Severity; estimated?: boolean; subject?: string
  note?: Text | null; why?: Text | null; link: string; data: string
}
export interface FeedItem { at: string; kind: string; severity: Severity; title: Text; place: string; link: string }
export interface SourcesSummary { total: number; live: number; late: number; silent: number; lag_seconds: number | null }
export interface Overview { at: string; tiles: { indicator: Indicator; figure: Figure }[] | null; feed: FeedItem[] | null; sources: SourcesSummary }

// ---- flood
export interface Label { id: string; title: Text; severity: Severity; color?: string }
export interface Place {
  thing: string; datastream: string; name: string; kind: string; unit_code?: string; unit_name?: string; lon: number; lat: number; network?: string
  as_of: string | null; original_time?: string; stale?: boolean; estimated?: boolean; flags?: string[]; severity: Severity; why?: Text
}
export interface RainRow extends Place {
  m10: number | null; h1: number | null; h3: number | null; h6: number | null; h12: number | null; h24: number | null; since19: number | null; event: number | null
  event_start?: string | null; coverage?: Record<string, number>; class: Label | null; intensity?: Label; neighbours?: { ok: boolean; expected: number | null; n: number }
}
export interface RiverRow extends Place {
  river?: string; level: number | null; bd1: number | null; bd2: number | null; bd3: number | null; confirmed?: boolean
  /** 0–3; null without alarm levels or without level */
  alarm: number | null; phrase: Text | null; rise_cm_h: number | null; change_24h?: number | null; record?: { value: number; at: string }
}
export interface TowerRow extends Place { depth_m: number | null; class: Label | null; rise_cm_h?: number | null }
export interface ReservoirRow extends Place { level_m: number | null; rise_cm_h?: number | null; change_24h?: number | null }
export interface UnitRow { code: string; name: string; rain_avg_24h: number | null; rain_max_1h: number | null; gauges: number; towers: number; towers_flooded: number; deepest_m: number | null; alarm?: number | null; severity: Severity }
export interface FloodSummary { at: string; event_start: string | null; met_day_start: string; rain: RainRow[] | null; rivers: RiverRow[] | null; towers: TowerRow[] | null; reservoirs: ReservoirRow[] | null; units: UnitRow[] | null }

// ---- stations and series
export interface StationStream { id: string; name: string; property: string; unit: string; last: { t: string; v: number; flags: string[] | null } | null; rhythm_seconds: number; source: string; provenance: Provenance; thresholds?: Threshold[] | null }
export interface Threshold { level: number; value: number; title: Text; from: string | null; source?: string; confirmed?: boolean }
export interface Station { thing: string; name: string; kind: string; unit_code: string; unit_name: string; lon: number; lat: number; datastreams: StationStream[] | null; properties?: Record<string, unknown> }
/** SeriesPoint is [t_ms, v, flags, min?, max?, n?]. */
export type SeriesPoint = [number, number | null, number, number?, number?, number?]
export interface Series { id: string; unit: string; from: string; to: string; step_seconds: number; points: SeriesPoint[] | null; flags_legend: string[]; estimated: boolean; provenance: Provenance; shift_seconds: number }

// ---- sources
export type SourceState = 'live' | 'late' | 'silent' | 'off' | 'error'
export interface Readiness { score: number; dung: number; du: number; sach: number; song: number }
export interface Source {
  id: string; name: string; kind: string; enabled: boolean; provenance: Provenance; status: { state: SourceState; last_error: string }
  last_reading: string | null; rhythm_seconds: number; seen_rhythm_seconds: number | null; completeness_24h: number | null; completeness_7d: number | null
  received: number; stored: number; duplicate: number; rejected: number; quarantined: number; in_flight: number
  clock_skew_seconds: number | null; readiness: Readiness | null; datastreams: number
}
export interface ConnectorKind { name: string; title: Text; readme: string; config_schema: JSONSchema; templates: ConnectorTemplate[] | null; probes?: boolean }
export interface ConnectorTemplate { id: string; title: Text; config: unknown; mapping: unknown; sample?: string; readme?: string }
export interface JSONSchema { type?: string | string[]; title?: string; description?: string; default?: unknown; enum?: unknown[]; properties?: Record<string, JSONSchema>; required?: string[]; items?: JSONSchema; format?: string; minimum?: number; maximum?: number; [key: string]: unknown }
export interface DeadLetter { id: string; source: string; at: string; code: string; detail: string; raw: string; state: 'open' | 'replayed' | 'discarded'; kind: 'rejected' | 'quarantined' | 'unread'; reading?: unknown }
export interface IngestResult { accepted: number; duplicate: number; rejected: { index: number; code: string; detail: string }[] | null; quarantined: number }

// ---- the rest
export interface Unit { code: string; name: string; full_name: string; name_en: string; kind: string; lon: number; lat: number; area_km2: number }
export interface SearchResult { kind: 'station' | 'unit' | 'old_unit' | 'source'; id: string; title: string; subtitle: string; lon?: number | null; lat?: number | null; link: string }
export interface AuditEntry { id: string; at: string; actor: string; summary: string; entity: string; entity_id: string }

/** FactAside is an event inside the program that a domain could not handle. */
export interface FactAside { reader: string; fact: string; subject: string; error: string; at: string }
