// The shapes of /api/v1/cases: files, their scoreboard, warnings, the one-stop
// systems they come from, and what a citizen sees of one.
import type { Text } from './types'

export type CaseState = 'not_accepted' | 'processing' | 'paused' | 'finished' | 'returned' | 'refused' | 'withdrawn' | 'stopped'
export const caseClasses = ['overdue', 'near_due', 'in_time', 'paused', 'waiting', 'no_due', 'late', 'on_time', 'early', 'refused', 'withdrawn', 'stopped'] as const
export type CaseClass = (typeof caseClasses)[number]
export type Channel = 'direct' | 'online' | 'post' | 'unknown'

export interface Applicant { kind: string; name: string; phone: string; paper: string; email: string; address: string }
export interface CaseProblem { code: string; field: string; text: Text }
export interface Case {
  id: string; code: string; code_form: 'new' | 'old' | 'other'; system: string; system_name: string
  procedure: string; procedure_name: string; field: string; field_name: string; channel: Channel; applicant: Applicant
  unit: string; unit_name: string; unit_raw: string; officer: string; officer_name: string; officer_user: string
  state: CaseState; state_raw: string; state_name: Text; clock: 'not_started' | 'running' | 'stopped' | 'ended'
  received_at: string | null; due: string | null; due_given: string | null; due_computed: string | null; due_differs: boolean; finished_at: string | null; returned_at: string | null
  class: CaseClass; remaining_seconds: number | null; late_seconds: number; paused_since: string | null; due_version: number; apology_at: string | null; digitized: boolean | null
  synthetic: boolean; problems: CaseProblem[] | null; step: string; updated_at: string; version: number
}
export interface CasePage { cases: Case[] | null; next: string; total: number; total_bounded: boolean; at: string }
export interface CaseEvent { id: string; at: string | null; seen_at: string; kind: string; text: Text; by: string; data: Record<string, unknown> | null }
export interface DeadlineVersion { version: number; due: string; from: string | null; kind: 'given' | 'supplement' | 'apology' | 'computed'; reason: string; by: string }
export interface CasePause { from: string; to: string | null; state: string; reason: string }
export interface CaseStep { name: string; department: string; officer: string; from: string | null; to: string | null; due: string | null; late_seconds: number }
export interface CaseDetail { case: Case; events: CaseEvent[] | null; deadlines: DeadlineVersion[] | null; pauses: CasePause[] | null; steps: CaseStep[] | null; allowed: string[] | null }

export const boardBy = ['unit', 'field', 'procedure', 'channel', 'officer'] as const
export type BoardBy = (typeof boardBy)[number]
export interface BoardBefore { received: number; finished: number; late_ratio: number | null; on_time_ratio: number | null; digitized_ratio: number | null }
export interface BoardRow {
  key: string; name: string; received: number; received_direct: number; received_online: number; received_post: number; carried_over: number
  finished: number; early: number; on_time: number; late: number; in_progress: number; in_time: number; near_due: number; overdue: number; paused: number; waiting: number; no_due: number; refused: number; withdrawn: number; stopped: number
  late_ratio: number | null; on_time_ratio: number | null; results: number; digitized: number; digitized_ratio: number | null; previous: BoardBefore | null
}
export interface CaseBoard { at: string; from: string; to: string; by: BoardBy; denominator: Text; previous: { from: string; to: string } | null; total: BoardRow; rows: BoardRow[] | null; synthetic: boolean }
export interface SlowRow { key: string; name: string; n: number; median_hours: number | null; p90_hours: number | null; late: number; late_ratio: number | null }
export interface Component766 { name: Text; numerator: number | null; denominator: number | null; ratio: number | null; points: number | null; max: number; formula: Text; missing: Text | null }
export interface Group766 { code: string; name: Text; max: number; points: number | null; known_max: number; components: Component766[] | null }
export interface Score766 { groups: Group766[] | null; units: { unit: string; name: string; points: number | null; known_max: number }[] | null }
export interface Tally { received: number; finished: number; late: number }
export interface CompareRow { unit: string; name: string; predecessors: string[] | null; exact: boolean; a: Tally; b: Tally }
export interface Compare { rows: CompareRow[] | null; parted: CompareRow[] | null; unattributed: { a: Tally; b: Tally }; total: { a: Tally; b: Tally }; sums: { a: Tally; b: Tally } }
export interface Procedure { code: string; name: string; field: string; field_name: string; clock: 'pause' | 'reset'; days: number | null; hours: number | null; method: 'D' | 'H'; source: string; cases: number }
export interface CaseSummary { open: number; near_due: number; overdue: number; paused: number; late_ratio_month: number | null; synthetic: boolean; at: string }

// ---- one-stop systems and their words
export const systemKinds = ['sql', 'rest', 'push', 'file'] as const
export type SystemKind = (typeof systemKinds)[number]
/** ColumnRule says where a field of a file comes from: a column, or an expression. */
export interface ColumnRule { column?: string; expr?: string; format?: string }
/** CaseMapping is field → rule; zone, time_format, where and constants stand beside the fields. */
export type CaseMapping = Record<string, unknown>
export interface CaseSystem {
  id: string; name: string; kind: SystemKind; config: Record<string, unknown> | null; mapping: CaseMapping | null; enabled: boolean; every_seconds: number; watermark: string
  state: 'ok' | 'error' | 'running' | 'off' | 'never'; last_run: string | null; last_ok: string | null; error: string; error_fields: string[] | null
  events: number; cases: number; rejected: number; lag_seconds: number | null; token_hint: string; synthetic: boolean
}
export interface CaseSystemWithToken extends CaseSystem { token?: string }
/** ConfigSchema describes one setting of a kind, or all of them. */
export interface ConfigSchema { type: string; title?: Text; help?: Text; format?: string; default?: unknown; enum?: string[]; order?: string[]; required?: string[]; properties?: Record<string, ConfigSchema>; additionalProperties?: ConfigSchema }
export interface SystemKindView { name: SystemKind; title: Text; summary: Text; schema: ConfigSchema; sample: Record<string, unknown> }
export interface CaseField { name: string; title: Text; kind: 'text' | 'time' | 'flag'; personal: boolean; required: boolean }
export interface RowError { row: number; field: string; code: string; detail: string }
export interface CaseImport { rows: number; events: number; new: number; repeated: number; cases: number; opened: number; problems: number; rejected: number; left: number }
export interface CasePreview { columns: { name: string; example: string; suggestion: string }[] | null; rows: Record<string, unknown>[] | null; events: Record<string, unknown>[] | null; errors: RowError[] | null }
export interface RejectedRow { id: string; system: string; at: string; row: string; code: string; error: string; raw: unknown; taken: boolean }
export const wordKinds = ['unit', 'officer', 'state', 'procedure'] as const
export type WordKind = (typeof wordKinds)[number]
export interface CaseWord { system: string; kind: WordKind; word: string; name: string; n: number; meaning: string; meaning_name: string; refolding: boolean; suggestions: { meaning: string; name: string }[] | null }

// ---- warnings
export const windowModes = ['calendar_hours', 'working_hours', 'next_working_day'] as const
export interface EscalateRule { after_hours: number; level: number }
/** WarningSettings hold from a day on; from null is what ships. */
export interface WarningSettings {
  window: { mode: (typeof windowModes)[number]; hours: number }; digests: string[] | null; overdue_repeat_hours: number; escalate: EscalateRule[] | null
  apology_after_hours: number; enabled: boolean; from: string | null; source: string
}
export const warningRules = ['case-near-due', 'case-overdue', 'case-no-apology'] as const
export type WarningRule = (typeof warningRules)[number]
export interface CaseWarning {
  case: string; code: string; rule: WarningRule; due: string; due_version: number; warned_at: string; over_at: string | null; why: string; alert: string
  officer: string; officer_name: string; unit: string; unit_name: string; told: string[] | null; synthetic: boolean; class: CaseClass
}
export interface WarningList { warnings: CaseWarning[] | null; counts: { open: number; near_due: number; overdue: number; no_apology: number } }
export interface Digest { id: string; unit: string; unit_name: string; officer: string; at: string; near_due: number; overdue: number; to: string[] | null; text: string }

// ---- what a citizen sees
export interface PublicCase {
  code: string; procedure_name: string; applicant: string; unit_name: string; received_at: string | null; due: string | null; state: Text; class: CaseClass; class_text: Text
  finished_at: string | null; returned_at: string | null; steps: { name: string; department: string; from: string | null; to: string | null }[] | null; synthetic: boolean
}
