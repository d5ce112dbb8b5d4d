// Rules as the API answers, and what a page needs to know of them: their
// standing, the difference of two versions.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get, getText } from '@/api/client'
import { Problem } from '@/api/problem'
import type { Rule, RuleDraft, RuleState, Trace } from '@/api/rule'
import type { Station, Text, Unit } from '@/api/types'

export const kinds = ['threshold', 'sum', 'rise', 'silence', 'neighbours', 'flag', 'promql'] as const
export const services = ['flood'] as const
export const properties = ['rain', 'water_level', 'flood_depth', 'reservoir_level'] as const
/** Words that a message may hold in braces. */
export const placeholders = ['name', 'value', 'unit', 'place', 'since', 'level', 'limit'] as const
/** Flags that a rule of kind flag may look for. */
export const flags = ['frozen', 'toggling', 'step', 'out_of_range', 'neighbours', 'suspect', 'bad'] as const

export const useRules = () => useQuery({ queryKey: ['rules'], queryFn: ({ signal }) => get<{ rules: Rule[] | null }>('rules', {}, signal), placeholderData: keepPreviousData, refetchInterval: 60_000 })
export const useRule = (id: Ref<string>) => useQuery({ queryKey: computed(() => ['rule', id.value]), queryFn: ({ signal }) => get<Rule>(path(id.value), {}, signal), enabled: computed(() => id.value !== '') })
export const useVersions = (id: Ref<string>) => useQuery({ queryKey: computed(() => ['rule', id.value, 'versions']), queryFn: ({ signal }) => get<{ versions: Rule[] | null }>(`${path(id.value)}/versions`, {}, signal), enabled: computed(() => id.value !== '') })
export const useRunbook = (id: Ref<string>, has: Ref<boolean>) => useQuery({ queryKey: computed(() => ['rule', id.value, 'runbook']), queryFn: ({ signal }) => getText(`${path(id.value)}/runbook`, {}, signal), enabled: has, retry: false })
export const useTrace = (id: Ref<string>, thing: Ref<string>, at: Ref<string>, version: Ref<number>) => useQuery({ queryKey: computed(() => ['rule', id.value, 'why', thing.value, at.value, version.value]), queryFn: ({ signal }) => get<Trace>(`${path(id.value)}/why`, { thing: thing.value, at: at.value, version: version.value || undefined }, signal), enabled: computed(() => thing.value !== '' && at.value !== ''), placeholderData: keepPreviousData, retry: false })
export const useStations = () => useQuery({ queryKey: ['stations'], queryFn: ({ signal }) => get<{ stations: Station[] | null }>('stations', {}, signal), staleTime: 600_000 })
export const useAreas = () => useQuery({ queryKey: ['units'], queryFn: ({ signal }) => get<{ units: Unit[] | null }>('units', {}, signal), staleTime: 3_600_000 })
export const useAddressees = () => useQuery({ queryKey: ['duty-units'], queryFn: ({ signal }) => get<{ units: { code: string; name: string; name_en: string; valid_to: string | null }[] | null }>('duty/units', {}, signal), staleTime: 3_600_000, retry: false })
export const useProcedures = () => useQuery({ queryKey: ['sops'], queryFn: ({ signal }) => get<{ sops: { id: string; title: Text }[] | null }>('sops', {}, signal), staleTime: 600_000, retry: false })

export const path = (id: string): string => `rules/${encodeURIComponent(id)}`
export const message = (err: unknown, unknown: string): string => (err instanceof Problem && err.detail !== '' ? err.detail : unknown)

export function emptyDraft(): RuleDraft {
  return {
    name: { vi: '', en: '' }, service: 'flood', kind: 'threshold', expr: '', where: { property: 'flood_depth' }, window_seconds: 0, every_seconds: 60, for_seconds: 0, keep_firing_seconds: 0,
    levels: [{ severity: 3, raise: '', clear: '' }], guard: null, message: { title: { vi: '{name}: {value} {unit}', en: '{name}: {value} {unit}' }, text: { vi: '', en: '' } }, unit: '', sop: '', runbook: '', labels: {},
  }
}

const fields = ['name', 'service', 'kind', 'expr', 'where', 'window_seconds', 'every_seconds', 'for_seconds', 'keep_firing_seconds', 'levels', 'guard', 'message', 'unit', 'sop', 'runbook', 'labels'] as const

/** draftOf is the editable part of a rule, a copy of its own. */
export function draftOf(r: RuleDraft): RuleDraft {
  return structuredClone(JSON.parse(JSON.stringify(Object.fromEntries(fields.map((f) => [f, r[f]])))) as RuleDraft)
}

/** mark is what a person is told of a rule's standing, the most pressing first. */
export function mark(r: Pick<Rule, 'state' | 'enabled' | 'live_version' | 'version'>): { key: RuleState | 'off'; extra: 'draft' | 'review' | '' } {
  const extra = r.live_version > 0 && r.version > r.live_version && (r.state === 'draft' || r.state === 'review') ? r.state : ''
  if (r.live_version > 0 && r.state !== 'retired') return { key: r.enabled ? 'live' : 'off', extra }
  return { key: r.state, extra: '' }
}

export interface Change { path: string; before: string; after: string }

/** differences lists the fields in which two definitions differ, nested ones by their path. */
export function differences(a: RuleDraft, b: RuleDraft): Change[] {
  const x = flat(a)
  const y = flat(b)
  return [...new Set([...x.keys(), ...y.keys()])].filter((k) => x.get(k) !== y.get(k)).map((k) => ({ path: k, before: x.get(k) ?? '', after: y.get(k) ?? '' }))
}

function flat(d: RuleDraft): Map<string, string> {
  const out = new Map<string, string>()
  const walk = (v: unknown, at: string): void => {
    if (v === null || v === undefined || v === '') return
    if (typeof v === 'object') for (const [k, w] of Object.entries(v)) walk(w, at === '' ? k : `${at}.${Array.isArray(v) && isLevel(w) ? w.severity : k}`)
    else out.set(at, String(v))
  }
  for (const f of fields) walk(d[f], f)
  return out
}
const isLevel = (v: unknown): v is { severity: number } => typeof v === 'object' && v !== null && 'severity' in v

/** fill writes a message with sample words, as the server will with real ones. */
export const fill = (template: string, sample: Record<string, string>): string => template.replace(/\{(\w+)\}/g, (whole, name: string) => sample[name] ?? whole)

