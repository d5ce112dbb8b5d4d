// The shapes of /api/v1/rules: what becomes an alert, at which level, for
// whom; the back-test and the trace that tells why.
import type { Severity, Text } from './types'

export type RuleKind = 'threshold' | 'sum' | 'rise' | 'silence' | 'neighbours' | 'flag' | 'promql'
export type RuleState = 'draft' | 'review' | 'live' | 'rejected' | 'retired'
/** A level's raise and clear are comparisons: "> 0.30", ">= bd1 - 0.05", "has frozen|toggling"; an empty clear means whenever raise does not hold. */
export interface RuleLevel { severity: Severity; raise: string; clear: string }
export interface RuleGuard { property: string; radius_km: number; window_seconds: number; op: string; value: number; count: number }
export interface Person { id: string; name: string }
export interface Precision { right: number; wrong: number; duplicate: number; share: number | null }

/** RuleDraft is what a person edits of a rule. */
export interface RuleDraft {
  name: Text; service: string; kind: RuleKind; expr: string; where: Record<string, string> | null
  window_seconds: number; every_seconds: number; for_seconds: number; keep_firing_seconds: number
  levels: RuleLevel[] | null; guard: RuleGuard | null; message: { title: Text; text: Text }
  unit: string; sop: string; runbook: string; labels: Record<string, string> | null
}
export interface Rule extends RuleDraft {
  id: string; enabled: boolean; version: number; live_version: number; state: RuleState
  author: Person | null; reviewer: Person | null; changed_at: string; reason: string
  promql: string; selects: number; active: number; precision: Precision | null; shipped: boolean; withdrawn?: boolean
}
export interface RuleNote { path?: string; code: string; detail: string }
export interface RuleError { path: string; code: string; detail: string; position?: number | null }
export interface RuleCheck { ok: boolean; promql: string; selects: number; things: { thing: string; name: string }[] | null; would_fire_now: number; warnings: RuleNote[] | null; errors: RuleError[] | null }
export interface RuleImport { created: string[] | null; updated: string[] | null; unchanged: string[] | null }

export interface Firing { thing: string; name: string; area: string; area_name?: string; from: string; to: string | null; severity: Severity; peak: number | null; estimated: boolean }
export interface BacktestCompare { version: number; firings: number; same: number; only_new: number; only_old: number }
export interface BacktestResult {
  firings: Firing[] | null; total: number; days: { day: string; n: number; severity: Severity }[] | null
  notifications: { unit: string; unit_name: string; n: number }[] | null
  incidents: { confirmed: number; hit: number; precision: number | null; recall: number | null } | null
  compare: BacktestCompare | null
}
export interface Backtest { id: string; state: 'running' | 'done' | 'cancelled' | 'failed'; progress: number; series: number; points: number; took_ms: number; detail: string; from: string; to: string; result: BacktestResult | null }

export interface TracePoint { t: string | number; v: number | null; flags: string[] | null; used: boolean }
export interface TraceLevel { severity: Severity; raise: string; raise_value: number | null; raise_met: boolean; clear: string; clear_value: number | null; clear_met: boolean }
export interface Trace {
  rule: string; version: number; thing: string; datastream: string; at: string; series: Record<string, string> | null; expr: string
  value: number | null; unit: string; points: TracePoint[] | null; window_seconds: number; levels: TraceLevel[] | null
  neighbours: { thing: string; name: string; km: number; value: number | null }[] | null; guard_met: boolean | null
  state: 'inactive' | 'pending' | 'firing' | 'keeping'; severity: Severity; since: string | null; pending_until: string | null; keep_until: string | null
  reasons: Text[] | null; fired: boolean
}
