// The shapes of incidents, tasks and SOPs (operating procedures), as /api/v1
// answers them. Instants are RFC 3339; null means not yet, or no data.
import type { Attachment } from './attachment'
import type { Severity, Text } from './types'

export type Level = Exclude<Severity, 0>
export interface Person { id: string; name: string; unit?: string; role?: string }
export interface UnitRef { code: string; name: string }

// ---- incidents
export const incidentStates = ['proposed', 'open', 'resolved', 'closed', 'merged', 'dismissed'] as const
export type IncidentState = (typeof incidentStates)[number]
export const incidentSteps = ['confirm', 'dismiss', 'lead', 'resolve', 'close', 'reopen', 'merge', 'split', 'add_alerts', 'remove_alerts', 'severity', 'edit'] as const
export type IncidentStep = (typeof incidentSteps)[number]
export interface IncidentAlert { id: string; number: string; title: Text; severity: Level; state: string; since: string; place?: string; lon?: number | null; lat?: number | null }
export interface Incident {
  id: string; number: string; version: number; title: string; text: string; service: string; severity: Level; state: IncidentState
  lon: number | null; lat: number | null; place: string; area: string; area_name: string
  lead_unit: string; lead_unit_name: string; helping_units: UnitRef[] | null; alerts: IncidentAlert[] | null
  sop: string; sop_title: Text | null; sop_done: number; sop_total: number; sop_late?: number
  tasks_open: number; tasks_total: number; tasks_late?: number
  opened_at: string; opened_by: Person | null
  acknowledged_at: string | null; dispatched_at: string | null; cleared_at: string | null; closed_at: string | null
  seconds_to_acknowledge: number | null; seconds_to_dispatch: number | null; seconds_to_clear: number | null
  merged_into: string; proof_required: boolean; proposal_why: Text | null; messages: number; attachments: number; estimated: boolean
}
export interface IncidentPage { incidents: Incident[] | null; next: string; total: number }
export interface Message { id: string; at: string; by: Person | null; text: string; attachments: Attachment[] | null }
export interface Entry { id: string; at: string; actor: Person | null; step: string; from?: string; to?: string; comment: string; attachments?: Attachment[] | null; data?: Record<string, unknown> | null }
/** stage says whether a photo shows the place before or after the work; "" when nobody said. */
export interface IncidentFile extends Attachment { stage?: '' | 'before' | 'after'; from?: string }
export interface IncidentDetail {
  incident: Incident; tasks: Task[] | null; steps: SopStep[] | null; messages: Message[] | null
  files: IncidentFile[] | null; timeline: Entry[] | null; allowed: IncidentStep[] | null
}
export interface IncidentStepBody {
  step: IncidentStep; version: number; comment?: string; lead_unit?: string; helping_units?: string[]; into?: string
  alerts?: string[]; title?: string; text?: string; severity?: Level; attachments?: string[]
}
export interface IncidentBody { title: string; text?: string; service: string; severity: Level; alerts: string[]; lead_unit?: string; place?: string; lon?: number; lat?: number }

// ---- SOP
export type SopState = 'open' | 'done' | 'skipped'
export interface SopStep {
  n: number; title: Text; text: Text; minutes: number; due_at: string | null; role: string; proof: boolean; state: SopState
  at: string | null; by: Person | null; comment: string; attachments: Attachment[] | null; late: boolean
}
export interface SopStepDraft { title: Text; text: Text; minutes: number; role: string; proof: boolean }
export interface Sop { id: string; title: Text; service: string; steps: SopStepDraft[] | null; proof_to_close: boolean; version: number; changed_at?: string | null; changed_by?: Person | null }

// ---- tasks
export type TaskKind = 'task' | 'directive'
export const taskStates = ['sent', 'accepted', 'in_progress', 'returned', 'finished', 'confirmed', 'cancelled'] as const
export type TaskState = (typeof taskStates)[number]
export const standings = ['on_time', 'due_soon', 'late', 'waiting', 'done'] as const
export type Standing = (typeof standings)[number]
export const taskSteps = ['accept', 'return', 'start', 'progress', 'extend', 'grant', 'refuse', 'finish', 'confirm', 'redo', 'cancel', 'comment', 'readdress'] as const
export type TaskStep = (typeof taskSteps)[number]
export interface Task {
  id: string; number: string; kind: TaskKind; version: number; incident: string; incident_number: string; alert: string; indicator: string
  title: string; text: string; unit: string; unit_name: string; assignee: string; state: TaskState
  due: string; original_due: string; percent: number; proof_required: boolean; lon: number | null; lat: number | null; place: string; link: string
  given_by: Person | null; given_at: string; accepted_at: string | null; finished_at: string | null; confirmed_at: string | null
  standing: Standing; extension: { until: string; reason: string; by: Person | null; at: string } | null; attachments: Attachment[] | null
}
export interface TaskPage { tasks: Task[] | null; total: number }
export interface TaskDetail { task: Task; timeline: Entry[] | null; allowed: TaskStep[] | null }
export interface TaskStepBody { step: TaskStep; version: number; comment?: string; percent?: number; due?: string; unit?: string; attachments?: string[] }
export interface TaskBody { kind: TaskKind; title: string; text?: string; unit: string; due: string; proof_required?: boolean; incident?: string; alert?: string; indicator?: string; lon?: number; lat?: number; place?: string; link?: string }
export interface BoardRow { unit: string; name: string; on_time: number; due_soon: number; late: number; waiting: number; done: number; total: number }
export interface Board { units: BoardRow[] | null; total: Omit<BoardRow, 'unit' | 'name'> }
