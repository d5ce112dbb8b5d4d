// Alerts as the live topic tells them, and how they fold into lists that are
// already on the screen: nobody asks the server again for what it has said.
import type { Alert, AlertPage, AlertRow } from '@/api/alert'
import { fold } from '@/lib/collate'

/** AlertDelta is one change of an alert; kind is the step that made it, "raised" for a new one. */
export interface AlertDelta { kind: string; alert: Alert }

/**
 * changesOf reads the payload of an "alerts" event, whatever it lacks: one
 * change with its step, or in a storm a batch of alerts. A batch does not
 * tell steps; an alert that nothing has happened to yet is a new one.
 */
export function changesOf(data: unknown): AlertDelta[] {
  const d = data as { kind?: string; alert?: Alert; alerts?: Alert[] | null } | null
  const known = (a: Alert | undefined): a is Alert => typeof a?.id === 'string'
  if (known(d?.alert)) return [{ kind: d.kind ?? '', alert: d.alert }]
  return Array.isArray(d?.alerts) ? d.alerts.filter(known).map((alert) => ({ kind: alert.state === 'new' && alert.version <= 1 ? 'raised' : 'batch', alert })) : []
}

const silent = { vi: '', en: '' }
const noTimes: Alert['times'] = { acknowledge_by: null, dispatch_by: null, answer_by: null, acknowledged_at: null, dispatched_at: null, answered_at: null, late: null }

/** unfold gives a compact row the shape of an alert; what lists do not show stays empty until its page asks. */
export function unfold(r: AlertRow): Alert {
  return {
    active: false, peak_severity: r.severity, service: '', kind: '', rule: '', rule_version: 0, rule_name: silent, title: silent, text: silent,
    place: '', lon: null, lat: null, area: '', area_name: '', unit: '', unit_name: '', thing: '', datastream: '', value: null, unit_symbol: '',
    resolved_at: null, closed_at: null, verdict: '', verdict_reason: '', duplicate_of: '', group: '', group_size: 1, suppressed_by: null,
    incident: '', incident_number: '', sop: '', runbook: '', estimated: false, flapping: false, assignee: '', escalation: null, labels: null,
    ...r, times: r.times ? { ...noTimes, ...r.times } : noTimes,
  }
}

/** isOpen is whether somebody still has to do something about it. */
export const isOpen = (a: Alert): boolean => a.state !== 'closed'

/** AlertFilter is what a list asks the server for; the same is decided here for what comes live. */
export interface AlertFilter { state: string; severity: string; service: string; unit: string; area: string; q: string; open: boolean; suppressed: boolean; sort: 'severity' | 'raised' | 'deadline' }

/** fits is whether an alert belongs to a list. */
export function fits(a: Alert, f: AlertFilter): boolean {
  if (f.open && !isOpen(a)) return false
  if (!f.suppressed && a.suppressed_by !== null) return false
  if (f.state && !f.state.split(',').includes(a.state)) return false
  if (f.severity && !f.severity.split(',').includes(String(a.severity))) return false
  if (f.service && a.service !== f.service) return false
  if (f.unit && a.unit !== f.unit) return false
  if (f.area && a.area !== f.area) return false
  if (!f.q.trim()) return true
  const text = fold([a.number, a.title.vi, a.title.en, a.text.vi, a.place, a.area_name, a.unit_name].join(' '))
  return fold(f.q).split(/\s+/).every((word) => text.includes(word))
}

/** nextDue is the earliest deadline that is still to be met, null if there is none. */
export function nextDue(a: Alert): { duty: 'acknowledge' | 'dispatch' | 'answer'; at: string } | null {
  if (!isOpen(a)) return null
  const t = a.times
  if (!t.acknowledged_at && t.acknowledge_by) return { duty: 'acknowledge', at: t.acknowledge_by }
  if (!t.dispatched_at && t.dispatch_by) return { duty: 'dispatch', at: t.dispatch_by }
  if (!t.answered_at && t.answer_by && t.dispatched_at) return { duty: 'answer', at: t.answer_by }
  return null
}

/** order compares two alerts as a list shows them, the one that needs somebody first. */
export function order(sort: AlertFilter['sort']): (a: Alert, b: Alert) => number {
  const newest = (a: Alert, b: Alert): number => (a.raised_at < b.raised_at ? 1 : a.raised_at > b.raised_at ? -1 : a.id < b.id ? 1 : -1)
  if (sort === 'raised') return newest
  if (sort === 'deadline') {
    const due = (a: Alert): string => nextDue(a)?.at ?? '9'
    return (a, b) => (due(a) < due(b) ? -1 : due(a) > due(b) ? 1 : newest(a, b))
  }
  return (a, b) => b.severity - a.severity || newest(a, b)
}

/**
 * merge folds changes into a page of alerts: changed ones are replaced, new
 * ones that fit come in, those that no longer fit go. An older version than
 * the one shown is left aside.
 */
export function merge(page: AlertPage, changes: Alert[], f: AlertFilter): AlertPage {
  const latest = new Map<string, Alert>()
  for (const a of changes) if (a.version >= (latest.get(a.id)?.version ?? 0)) latest.set(a.id, a)
  let total = page.total
  const bySeverity = { ...page.counts.by_severity }
  const byState = { ...page.counts.by_state }
  const count = (a: Alert, n: number): void => {
    bySeverity[a.severity] = Math.max(0, (bySeverity[a.severity] ?? 0) + n)
    byState[a.state] = Math.max(0, (byState[a.state] ?? 0) + n)
    total += n
  }
  // Those that did not change stand in order already: only the changed ones
  // are sorted, and put between them. In a storm this is done all the time.
  const kept: Alert[] = []
  const moved: Alert[] = []
  for (const old of page.alerts ?? []) {
    const a = latest.get(old.id)
    if (!a || a.version < old.version) {
      kept.push(old)
      if (a) latest.delete(old.id)
      continue
    }
    latest.delete(old.id)
    count(old, -1)
    if (!fits(a, f)) continue
    count(a, 1)
    moved.push(a)
  }
  for (const a of latest.values()) {
    if (!fits(a, f)) continue
    count(a, 1)
    moved.push(a)
  }
  const before = order(f.sort)
  return { ...page, alerts: weave(kept, moved.sort(before), before), total, counts: { by_severity: bySeverity, by_state: byState } }
}

/** weave puts what is sorted into what is in order already. */
function weave(kept: Alert[], sorted: Alert[], before: (a: Alert, b: Alert) => number): Alert[] {
  if (sorted.length === 0) return kept
  const out: Alert[] = []
  let i = 0
  for (const a of sorted) {
    while (i < kept.length && before(kept[i] as Alert, a) <= 0) out.push(kept[i++] as Alert)
    out.push(a)
  }
  while (i < kept.length) out.push(kept[i++] as Alert)
  return out
}
