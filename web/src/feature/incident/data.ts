// Incidents as the server answers them, and what can be told from them:
// what is missing before one may be closed, in which order they stand.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get, type Params } from '@/api/client'
import type { Incident, IncidentAlert, IncidentDetail, IncidentFile, IncidentPage, IncidentState, Sop, SopStep, Task } from '@/api/incident'
import type { Feature, Layer } from '@/api/types'

export const useIncidents = (params: Ref<Params>) => useQuery({ queryKey: computed(() => ['incidents', params.value]), queryFn: ({ signal }) => get<IncidentPage>('incidents', params.value, signal), placeholderData: keepPreviousData, refetchInterval: 60_000 })
export const useIncident = (id: Ref<string>) => useQuery({ queryKey: computed(() => ['incident', id.value]), queryFn: ({ signal }) => get<IncidentDetail>(`incidents/${encodeURIComponent(id.value)}`, {}, signal) })
export const useSops = () => useQuery({ queryKey: ['sops'], queryFn: ({ signal }) => get<{ sops: Sop[] | null }>('sops', {}, signal), staleTime: 60_000 })

/** The services that the interface has words for. */
export const services = ['flood', 'traffic', 'urban', 'environment', 'fishery', 'security', 'fire', 'health'] as const
export const serviceKey = (s: string): (typeof services)[number] | 'other' => services.find((x) => x === s) ?? 'other'

/** order puts the worst first, then the oldest. */
export const order = (a: Incident, b: Incident): number => b.severity - a.severity || Date.parse(a.opened_at) - Date.parse(b.opened_at)

/** under says which states a filter of the list means. */
export const under: Record<string, IncidentState[]> = { open: ['proposed', 'open', 'resolved'], closed: ['closed', 'merged', 'dismissed'], all: [] }

export interface Missing { steps: SopStep[]; proof: SopStep[]; tasks: Task[]; photo: boolean }

/**
 * missingToClose is what stands between an incident and its end: steps of the
 * procedure still open, steps without the proof they ask for, tasks that
 * nobody has confirmed, and a photo where the procedure asks for one.
 */
export function missingToClose(incident: Pick<Incident, 'proof_required'>, steps: SopStep[], tasks: Task[], files: Pick<IncidentFile, 'type'>[]): Missing {
  // As the server sees it: where proof is asked for, a step with proof is done or skipped first.
  const unproven = (s: SopStep): boolean => s.proof && (s.state === 'open' ? incident.proof_required : s.state === 'done' && !s.attachments?.length)
  return {
    steps: steps.filter((s) => s.state === 'open' && !unproven(s)),
    proof: steps.filter(unproven),
    tasks: tasks.filter((t) => t.state !== 'confirmed' && t.state !== 'cancelled'),
    photo: incident.proof_required && !files.some((f) => f.type.startsWith('image/')),
  }
}
export const nothing = (m: Missing): boolean => m.steps.length === 0 && m.proof.length === 0 && m.tasks.length === 0 && !m.photo

/** current is the step of the procedure to be done now. */
export const current = (steps: SopStep[]): SopStep | undefined => steps.find((s) => s.state === 'open')

/** late is true for an open step after its time, whatever the server last said. */
export const late = (s: Pick<SopStep, 'state' | 'due_at' | 'late'>, now: number): boolean => (s.state === 'open' ? s.due_at !== null && Date.parse(s.due_at) < now : s.late)

/**
 * staged says of each file whether it shows the place before or after the
 * work. What the server says stands; else what came with a finished task, with
 * the closing or after the place was cleared is from after, other photos are
 * from before.
 */
export function staged(d: Pick<IncidentDetail, 'incident' | 'tasks' | 'files' | 'timeline'>): IncidentFile[] {
  const finished = new Set([...(d.tasks ?? []).filter((t) => t.finished_at !== null).flatMap((t) => t.attachments ?? []), ...(d.timeline ?? []).filter((e) => e.step === 'close' || e.step === 'resolve').flatMap((e) => e.attachments ?? [])].map((f) => f.id))
  const cleared = d.incident.cleared_at === null ? Infinity : Date.parse(d.incident.cleared_at)
  return (d.files ?? []).map((f) => {
    if (f.stage || !f.type.startsWith('image/')) return f
    return { ...f, stage: finished.has(f.id) || (f.at ? Date.parse(f.at) : 0) >= cleared ? ('after' as const) : ('before' as const) }
  })
}

/** parted splits photos into those from before the work, those after it, and the rest. */
export function parted(files: IncidentFile[]): { before: IncidentFile[]; after: IncidentFile[]; other: IncidentFile[] } {
  return { before: files.filter((f) => f.stage === 'before'), after: files.filter((f) => f.stage === 'after'), other: files.filter((f) => f.stage !== 'before' && f.stage !== 'after') }
}

const none = { vi: '', en: '' }
const states: Record<number, string> = { 1: 'info', 2: 'notice', 3: 'warning', 4: 'emergency' }
const legend = [1, 2, 3, 4].map((n) => ({ state: states[n] as string, title: none, severity: n as 1 | 2 | 3 | 4, color: `sev-${n}` }))

/** layer is a layer of the map made here, not by the server. */
export const layer = (id: string): Layer => ({ id, service: '', title: none, geometry: 'point', on: true, columns: null, legend, count: 0 })

/** mark is a point on the map for whatever has a severity and a place; null without a place. */
export function mark(x: { id: string; severity: number; lon?: number | null | undefined; lat?: number | null | undefined }, name: string): Feature | null {
  if (x.lon === null || x.lat === null || x.lon === undefined || x.lat === undefined) return null
  return { id: x.id, name, lon: x.lon, lat: x.lat, value: Number.NaN, as_of: null, state: states[x.severity] ?? 'info', severity: x.severity as Feature['severity'] }
}

/** box surrounds points, null without any; a single point gets some room. */
export function box(points: { lon: number; lat: number }[]): [number, number, number, number] | null {
  if (points.length === 0) return null
  const lon = points.map((p) => p.lon)
  const lat = points.map((p) => p.lat)
  const pad = 0.004
  return [Math.min(...lon) - pad, Math.min(...lat) - pad, Math.max(...lon) + pad, Math.max(...lat) + pad]
}

/** located joins the alerts of an incident with the places the alert list knows. */
export function located(alerts: IncidentAlert[], places: { id: string; lon?: number | null; lat?: number | null; place?: string }[]): IncidentAlert[] {
  const by = new Map(places.map((p) => [p.id, p]))
  return alerts.map((a) => {
    const p = by.get(a.id)
    return { ...a, lon: a.lon ?? p?.lon ?? null, lat: a.lat ?? p?.lat ?? null, place: a.place || p?.place || '' }
  })
}
