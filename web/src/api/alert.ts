// The shapes of alerts, silences and their budget, as /api/v1 answers them.
import type { Attachment } from './attachment'
import type { Delivery } from './notify'
import type { Trace } from './rule'
import type { Severity, Text } from './types'

export type Level = Exclude<Severity, 0>
export const states = ['new', 'acknowledged', 'verified', 'dispatched', 'accepted', 'in_progress', 'done', 'checked', 'closed'] as const
export type AlertState = (typeof states)[number]
export type Verdict = '' | 'true' | 'false' | 'duplicate'
export const steps = ['acknowledge', 'verify', 'dispatch', 'accept', 'return', 'start', 'finish', 'check', 'close', 'reopen', 'comment', 'escalate'] as const
export type Step = (typeof steps)[number]
/** Duty is what has a deadline: to acknowledge, to dispatch, to answer. */
export type Duty = 'acknowledge' | 'dispatch' | 'answer'

export interface Viewer { id: string; name: string }
export interface AlertTimes {
  acknowledge_by: string | null; dispatch_by: string | null; answer_by: string | null
  acknowledged_at: string | null; dispatched_at: string | null; answered_at: string | null; late: Duty[] | null
}
export interface Alert {
  id: string; number: string; version: number; state: AlertState; active: boolean; severity: Level; peak_severity: Level
  service: string; kind: string; rule: string; rule_version: number; rule_name: Text; title: Text; text: Text
  place: string; lon: number | null; lat: number | null; area: string; area_name: string; unit: string; unit_name: string
  thing: string; datastream: string; value: number | null; unit_symbol: string
  since: string; raised_at: string; updated_at: string; resolved_at: string | null; closed_at: string | null
  verdict: Verdict; verdict_reason: string; duplicate_of: string; group: string; group_size: number
  suppressed_by: { kind: 'silence' | 'maintenance' | 'inhibition' | 'flap'; id: string; title: string } | null
  incident: string; incident_number: string; sop: string; runbook: string; estimated: boolean; flapping: boolean; assignee: string
  escalation: { level: number; next_at: string | null; next_level: number | null } | null
  times: AlertTimes; labels: Record<string, string> | null; viewers?: Viewer[] | null
}
/** AlertRow is an alert as compact lists tell it: without what is empty and what lists do not show. */
export type AlertRow = Pick<Alert, 'id' | 'number' | 'version' | 'state' | 'severity' | 'since' | 'raised_at' | 'updated_at'> & Partial<Omit<Alert, 'times'>> & { times?: Partial<AlertTimes> }
export interface AlertPage { alerts: Alert[] | null; next: string; total: number; counts: { by_severity: Record<string, number>; by_state: Record<string, number> }; at: string }
export interface AlertSummary { open: Record<string, number>; unacknowledged: number; oldest_unacknowledged: string | null; late: number; budget: { per_10min: number | null; peak: number; state: BudgetState } | null }

export interface TimelineEntry { id: string; at: string; actor: { id: string; name: string; unit: string } | null; step: string; from: string; to: string; comment: string; attachments: Attachment[] | null; data?: Record<string, unknown> | null }
export interface Evidence { hash: string; intact: boolean; frozen_at: string; rule: string; rule_version: number; trace: Trace | null; position: { lon: number; lat: number } | null; readiness: Record<string, number | null> | null }
export interface AlertDetail { alert: Alert; timeline: TimelineEntry[] | null; evidence: Evidence | null; group: Alert[] | null; similar: Alert[] | null; notifications: Delivery[] | null; allowed: Step[] | null }
export interface StepBody { step: Step; version?: number; comment?: string; verdict?: Verdict; reason?: string; duplicate_of?: string; unit?: string; ok?: boolean; attachments?: string[] }
export interface BulkResult { done: string[] | null; failed: { id: string; code: string; detail: string }[] | null }
export interface RaiseBody { title: string; text?: string; severity: Level; service: string; place?: string; lon?: number; lat?: number; area?: string; unit?: string; thing?: string; attachments?: string[] }

export type BudgetState = 'ok' | 'high' | 'overloaded'
export interface AlertBudget { from: string; to: string; operators: number; alerts: number; per_10min: number | null; target: number; state: BudgetState; series: { t: string; n: number }[] | null; noisiest: { rule: string; name: Text; n: number; false_alarms: number; precision: number | null }[] | null }

export const ops = ['=', '!=', '=~', '!~'] as const
export const labels = ['severity', 'service', 'rule', 'thing', 'datastream', 'area', 'unit', 'source', 'kind', 'property'] as const
export interface Matcher { label: string; op: (typeof ops)[number]; value: string }
export interface Silence { id: string; kind: 'silence' | 'maintenance'; matchers: Matcher[] | null; from: string; to: string; reason: string; by: { id: string; name: string } | null; state: 'pending' | 'active' | 'expired'; matches: number }
export interface Inhibition { id: string; name: Text; source: Matcher[] | null; target: Matcher[] | null; equal: string[] | null }
export interface AlertSettings {
  grouping: { by: string[] | null; wait_seconds: number; interval_seconds: number; repeat_seconds: number }
  flap: { changes: number; window_seconds: number; hold_seconds: number }
  budget: { per_10min: number; operators: number }
  times: { severity: Level; acknowledge_minutes: number; dispatch_minutes: number; answer_minutes: number; escalate: { after_minutes: number; level: number }[] | null; from: string }[] | null
}
