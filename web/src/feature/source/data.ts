// Sources, what they sent and what was refused, as the API answers.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get } from '@/api/client'
import { Problem } from '@/api/problem'
import type { DeadLetter, Provenance, SourceState } from '@/api/types'

export interface Counts { received: number; stored: number; duplicate: number; rejected: number; quarantined: number; in_flight: number }
export interface Score { score: number; dung: number | null; du: number | null; sach: number | null; song: number | null }
export interface SourceReport extends Counts {
  id: string; name: string; kind: string; enabled: boolean; provenance: Provenance; status: { state: SourceState; last_error: string }
  last_reading: string | null; rhythm_seconds: number; seen_rhythm_seconds: number | null; completeness_24h: number | null; completeness_7d: number | null
  clock_skew_seconds: number | null; readiness: Score | null; datastreams: number
}
export interface StreamReport {
  id: string; name: string; key: string; thing: string; state: 'live' | 'late' | 'silent'; last: { t: string; v: number; unit: string; flags: string[] | null } | null
  rhythm_seconds: number; seen_rhythm_seconds: number | null; completeness_24h: number | null; completeness_7d: number | null
  readings_7d: number; delay_seconds: number | null; flags: Record<string, number> | null
}
export interface Rejection { id: string; at: string; kind: 'rejected' | 'quarantined' | 'unread'; code: string; detail: string; count: number; sample: string }
export interface SourceDetail extends Omit<SourceReport, 'datastreams'> {
  config: unknown; mapping: unknown; unit?: string; shift_seconds: number; token_hint: string; created: string; running: boolean; restarts: number
  datastreams: StreamReport[] | null; rejections: Rejection[] | null; codes: Record<string, number> | null
}
export interface Device { username: string; publish: string[] | null; subscribe: string[] | null; created: string }
export interface Letter extends DeadLetter { first?: string; count?: number; datastream?: string; closed_by?: string; closed_at?: string }

export const useSources = () => useQuery({ queryKey: ['sources'], queryFn: ({ signal }) => get<{ sources: SourceReport[] | null }>('sources', {}, signal), placeholderData: keepPreviousData })
export const useSource = (id: Ref<string>) => useQuery({ queryKey: computed(() => ['source', id.value]), queryFn: ({ signal }) => get<SourceDetail>(`sources/${encodeURIComponent(id.value)}`, {}, signal) })

/** The kinds of connectors that the interface has words for. */
const kinds = ['http_push', 'mqtt', 'mqtt_client', 'http_pull', 'file', 'scenario'] as const
export const kindKey = (kind: string): (typeof kinds)[number] | 'other' => kinds.find((k) => k === kind) ?? 'other'

/** balance is what is missing from received = stored + duplicate + rejected + quarantined + in flight; 0 is right. */
export const balance = (c: Counts): number => c.received - c.stored - c.duplicate - c.rejected - c.quarantined - c.in_flight

export const words = ['dung', 'du', 'sach', 'song'] as const
export type Word = (typeof words)[number]

/** tone of a score of 0 to 100. */
export const tone = (score: number | null | undefined): 'good' | 'sev-2' | 'sev-4' => (score !== null && score !== undefined && score >= 90 ? 'good' : score !== null && score !== undefined && score >= 70 ? 'sev-2' : 'sev-4')

/** slower is true when readings come clearly less often than they should. */
export const slower = (expected: number, seen: number | null | undefined): boolean => expected > 0 && seen !== null && seen !== undefined && seen > 1.5 * expected

/** pretty writes JSON for reading and editing; what is no JSON stays as it is. */
export function pretty(v: unknown): string {
  if (typeof v !== 'string') return JSON.stringify(v, null, 2) ?? ''
  try {
    return JSON.stringify(JSON.parse(v), null, 2)
  } catch {
    return v
  }
}

/** editable is what a person mends in a letter: the reading if one was made, else the piece as it came. */
export const editable = (l: Letter): string => (l.reading !== undefined && l.reading !== null ? pretty(l.reading) : l.raw)

export const asProblem = (err: unknown, unknown: string): Problem => (err instanceof Problem ? err : new Problem(0, 'unknown', unknown))
export const message = (err: unknown, unknown: string): string => (err instanceof Problem && err.detail !== '' ? err.detail : unknown)
