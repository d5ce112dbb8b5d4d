// The shapes of /api/v1/duty: who is on, the book of the watch, who is
// responsible for what, and who would be told.
import type { Text } from './types'

export type Post = 'lead' | 'officer' | 'on_call'
export interface OnDuty { user: string; name: string; post: Post; substitute_for?: string | null; substitute_for_name?: string | null; reason?: string }
export interface Shift { id: string; from: string; to: string; name: Text; pattern?: string; demo?: boolean; people: OnDuty[] | null }
export interface Handover { id: string; shift: string; shift_name?: Text; from?: { id: string; name: string } | null; notes: string; open: { alerts: number; incidents: number; tasks: number } | null; at: string; accepted_at: string | null; accepted_by?: { id: string; name: string } | null; comment?: string }
export interface DutyNow { shift: Shift | null; on: OnDuty[] | null; next: Shift | null; open: { alerts: number; incidents: number; tasks: number }; handover: Handover | null }
export interface LogEntry { id: string; n: number; time: string; source: string; content: string; action: string; result: string; officer: { id: string; name: string }; alert?: string; incident?: string; shift: string; corrects: string | null }
export interface DutyUnit { code: string; name: string; name_en: string; kind: string; parent: string; valid_from: string | null; valid_to: string | null; successor: string }
export interface DutyPerson { user: string; name: string; role: string; unit: string; unit_name: string; phone: string; email: string }
export interface Responsibility { id?: string; service: string; area: string; unit: string; unit_name?: string; from: string | null; to: string | null; note: string }
export interface DutyAddress { unit: string; unit_name: string; to: { user?: string; name: string; post?: string; level: number }[] | null; why: Text }
export type Pattern = 'three_shifts' | 'day_on_call' | 'round_the_clock'
