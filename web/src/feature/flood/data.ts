// The flood watch as the page shows it: what is filtered, how it is tinted.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { get } from '@/api/client'
import type { FloodSummary, Place, RiverRow, TowerRow } from '@/api/types'
import { matches } from '@/lib/collate'

export const useFlood = () => useQuery({ queryKey: ['flood'], queryFn: ({ signal }) => get<FloodSummary>('flood/summary', {}, signal), placeholderData: keepPreviousData })

export type Tab = 'rain' | 'rivers' | 'towers' | 'reservoirs' | 'units'
export const tabs: Tab[] = ['rain', 'rivers', 'towers', 'reservoirs', 'units']

/** The spans of rain, shortest first; event is since the rain began. */
export const spans = ['m10', 'h1', 'h3', 'h6', 'h12', 'h24', 'since19', 'event'] as const
export type Span = (typeof spans)[number]

// From how many mm a span takes the next colour. 12 and 24 h are the official
// classes (8, 25, 50 and 16, 50, 100 mm) and half and 1 h the warnings of
// intensity; the spans between are laid between them, for the eye only.
const steps: Record<Span, number[]> = {
  m10: [0.1, 2, 5, 10, 20, 30],
  h1: [0.1, 5, 15, 30, 50, 80],
  h3: [0.1, 8, 30, 70, 100, 150],
  h6: [0.1, 8, 30, 80, 120, 200],
  h12: [0.1, 8, 25, 50, 150, 300],
  h24: [0.1, 16, 50, 100, 200, 400],
  since19: [0.1, 16, 50, 100, 200, 400],
  event: [0.1, 50, 150, 300, 600, 1000],
}

/** heat is the number of the rain colour (1–6) that mm of a span deserves, 0 none. */
export function heat(span: Span, mm: number | null): number {
  return mm === null ? 0 : steps[span].filter((s) => mm >= s).length
}

/** tint is the background of a cell of rain. */
export function tint(span: Span, mm: number | null): string | undefined {
  const n = heat(span, mm)
  return n === 0 ? undefined : `color-mix(in srgb, var(--rain-${n}) ${8 + 5 * n}%, transparent)`
}

/** The tint of a depth: its class's colour. */
export const depthTint = (row: TowerRow): string | undefined => (row.class && row.class.severity > 0 && row.class.color ? `color-mix(in srgb, var(--${row.class.color}) 26%, transparent)` : undefined)

export interface Filter { q: string; network: string; worst: boolean }

/** keep is true for a place that the filter lets through; q may lack tones. */
export function keep(row: Place, f: Filter): boolean {
  if (f.worst && row.severity < 2) return false
  if (f.network !== '' && row.network !== f.network) return false
  return f.q === '' || matches(`${row.name} ${row.unit_name ?? ''}`, f.q)
}

export const networks = (rows: Place[]): string[] => [...new Set(rows.flatMap((r) => (r.network ? [r.network] : [])))].sort()

/** Gauge is the scale of a river's drawing, in metres. */
export interface Gauge { low: number; high: number; marks: { value: number; level: number }[] }

/** gauge makes room for the alarm levels, the level and the record. */
export function gauge(row: RiverRow): Gauge {
  const marks = [row.bd1, row.bd2, row.bd3].flatMap((value, i) => (value === null ? [] : [{ value, level: i + 1 }]))
  const known = [...marks.map((m) => m.value), ...(row.level === null ? [] : [row.level]), ...(row.record && marks.length ? [row.record.value] : [])]
  if (known.length === 0) return { low: 0, high: 1, marks }
  const low = Math.min(...known)
  const high = Math.max(...known)
  const room = Math.max(0.5, (high - low) * 0.18)
  return { low: low - room, high: high + room * 0.6, marks }
}

/** share is where a value lies in the gauge, 0 at the bottom to 1. */
export const share = (g: Gauge, v: number): number => Math.max(0, Math.min(1, (v - g.low) / (g.high - g.low)))

/** rise is 1 when the water rises faster than 1 cm/h, −1 when it falls so, else 0; 2 and −2 from 30 cm/h. */
export function rise(cmPerHour: number | null | undefined): -2 | -1 | 0 | 1 | 2 | null {
  if (cmPerHour === null || cmPerHour === undefined) return null
  if (Math.abs(cmPerHour) < 1) return 0
  const size = Math.abs(cmPerHour) >= 30 ? 2 : 1
  return (cmPerHour > 0 ? size : -size) as -2 | -1 | 1 | 2
}
