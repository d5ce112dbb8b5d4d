// The shapes of /api/v1/personal/retention and /api/v1/cases/subject: how long
// personal data is kept, and all that is kept of one person.
import type { Text } from './types'

export type RetentionKind = 'case_applicant' | 'case_rejected'
export interface RetentionRow { kind: RetentionKind; months: number; from: string; legal: string; status: 'confirmed' | 'unconfirmed'; in_force?: boolean; shipped?: boolean }
export type SubjectKind = 'paper' | 'phone' | 'email'
export interface Kept { reason: 'open' | 'retention' | 'unconfirmed'; text: Text; until: string | null; legal: string }
export interface Revealed { kind: string; name: string; phone: string; paper: string; email: string; address: string }
export interface SubjectFile {
  id: string; code: string; system: string; system_name: string; procedure_name: string; field_name: string; channel: string; unit_name: string
  state: string; state_name: Text; received_at: string | null; due: string | null; finished_at: string | null; returned_at: string | null; synthetic: boolean
  applicant: Revealed; told: (Revealed & { at: string })[] | null; kept: Kept | null
}
export interface SubjectData { subject: { kind: SubjectKind }; at: string; count: number; persons: number; files: SubjectFile[] | null; rejected: { system: string; system_name: string; at: string; place: string; raw: string }[] | null }
export interface Erased { erased: number; kept: ({ id: string; code: string; system_name: string; unit_name: string } & Kept)[] | null; rejected_erased: number; rejected_kept: number }
