// Stations and their datastreams as GET stations and GET datastreams answer.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get } from '@/api/client'
import type { Provenance, Series, SeriesPoint, Threshold } from '@/api/types'
import type { ChartSeries } from '@/chart/align'
import { fromLocal } from '@/lib/local'
import { now } from '@/lib/now'

export interface Value { t: string; v: number; flags: string[] | null; original_time?: string }
export interface Stream { id: string; name: string; property: string; unit: string; last: Value | null; rhythm_seconds: number; source?: string; provenance?: Provenance; shift_seconds?: number; thresholds?: Threshold[] | null }
export interface Station { thing: string; name: string; kind: string; unit_code?: string; unit_name?: string; lon: number | null; lat: number | null; description?: string; properties?: Record<string, unknown>; datastreams: Stream[] | null }
export interface Observation { t: string; v: number | null; raw_v: number; flags: string[] | null; received: string; original_time?: string }
export interface ObservationPage { observations: Observation[] | null; next?: string }
export interface Correction { id: string; datastream: string; from: string; to: string; exclude: boolean; value?: number | null; reason: string; actor_id: string; actor_name: string; made: string }
export interface ExportJob { id: string; state: 'waiting' | 'running' | 'done' | 'failed'; progress: number; rows: number; url?: string; error?: string }
export interface Chart extends Series { agg?: 'raw' | 'sum' | 'mean' }

export const useStations = () => useQuery({ queryKey: ['stations'], queryFn: ({ signal }) => get<{ stations: Station[] | null }>('stations', {}, signal), placeholderData: keepPreviousData })
export const useStation = (thing: Ref<string>) => useQuery({ queryKey: computed(() => ['station', thing.value]), queryFn: ({ signal }) => get<Station>(`stations/${encodeURIComponent(thing.value)}`, {}, signal) })

export const presets = ['6h', '24h', '3d', '7d', '30d'] as const
export type Preset = (typeof presets)[number]
const hours: Record<Preset, number> = { '6h': 6, '24h': 24, '3d': 72, '7d': 168, '30d': 720 }

/** Range is what the chart shows: a preset that ends now, or two fixed instants in ms. */
export type Range = { preset: Preset } | { from: number; to: number }

/** parseRange reads the address: range=7d, or from and to as local times. */
export function parseRange(range: string, from: string, to: string): Range {
  const a = fromLocal(from)
  const b = fromLocal(to)
  if (a !== null && b !== null && a < b) return { from: a, to: b }
  return { preset: presets.find((p) => p === range) ?? '24h' }
}

/** span is a range as two instants, at this moment. */
export function span(r: Range): { from: number; to: number } {
  if ('from' in r) return r
  const to = now()
  return { from: to - hours[r.preset] * 3_600_000, to }
}

export const isRain = (s: { property: string }): boolean => s.property === 'rain'

/** How many points a chart of it can show: bars need room. */
export const pointsOf = (s: { property: string }): number => (isRain(s) ? 300 : 1500)

/** accumulate adds bars up, keeping their flags: once estimated, the sum is. */
export function accumulate(points: SeriesPoint[], estimatedBit: number): SeriesPoint[] {
  let sum = 0
  let sticky = 0
  return points.map(([t, v, f]) => {
    sum += v ?? 0
    sticky |= f & estimatedBit
    return [t, Math.round(sum * 100) / 100, sticky]
  })
}

/** chartSeries turns an answer into what the chart draws. */
export function chartSeries(s: Stream, c: Chart, label: string): ChartSeries {
  const gap = Math.max(3 * s.rhythm_seconds, 2.5 * c.step_seconds)
  return { id: s.id, label, unit: c.unit, points: c.points ?? [], flags: c.flags_legend, estimated: c.provenance === 'simulated', ...(isRain(s) ? { kind: 'bar' as const } : { gapSeconds: gap }) }
}

/** flagCounts says which flags the points carry and how often, the most frequent first. */
export function flagCounts(c: Chart): { flag: string; n: number }[] {
  const counts = c.flags_legend.map((flag, i) => ({ flag, n: (c.points ?? []).filter((p) => (p[2] & (1 << i)) !== 0).length }))
  return counts.filter((x) => x.n > 0).sort((a, b) => b.n - a.n)
}

/** Exports up to so many rows come at once, longer ones as a job. */
export const directRows = 100_000
export const expectedRows = (from: number, to: number, rhythmSeconds: number): number => (rhythmSeconds > 0 ? (to - from) / 1000 / rhythmSeconds : Infinity)

/** kindKey names the kinds that the interface has a word for. */
const kinds = ['rain_gauge', 'river_station', 'water_level', 'flood_1m5', 'flood_3m', 'reservoir_waterlevel', 'weather'] as const
export const kindKey = (kind: string): (typeof kinds)[number] | 'other' => kinds.find((k) => k === kind) ?? 'other'
