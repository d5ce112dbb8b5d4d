// The shapes of people and of what they were granted: who, as what, where,
// until when and why.
import type { LineError } from './org'
import type { Text } from './types'

export type Ceiling = 'public' | 'internal' | 'personal' | 'sensitive'
export type SecondFactor = 'none' | 'totp' | 'passkey' | 'both'
export interface Who { id: string; name: string }
export interface Grant {
  id: string; user: string; user_name: string; role: string; unit: string; unit_name: string
  areas: string[] | null; services: string[] | null; ceiling: Ceiling; from: string; until: string | null; reason: string
  delegated_by: Who | null; given_by: Who | null; given_at: string
  revoked_at: string | null; revoked_by: string; revoke_reason: string; in_force: boolean
}
export interface Away { from: string; until: string; substitute: string; substitute_name: string }
export interface Person {
  id: string; username: string; name: string; title: string; email: string; phone: string
  role: string; roles: string[] | null; unit: string; unit_name: string
  disabled: boolean; invited: boolean; external: boolean; must_change: boolean; must_enrol: boolean; second_factor: SecondFactor
  away: Away | null; posts: Grant[] | null; created: string; changed: string; last_sign_in?: string | null
}
export interface PeoplePage { users: Person[] | null; next?: string; total: number }
export interface GrantDraft { role: string; unit: string; areas: string[]; services: string[]; ceiling: Ceiling; from?: string; until?: string | null; reason?: string }
export interface DiffLine { permission: string; where: Text }
export interface DiffNote { code: string; detail: string }
export interface AccessDiff { gained: DiffLine[] | null; lost: DiffLine[] | null; kept: number; allowed: boolean; refused: DiffNote[] | null; warnings: DiffNote[] | null }
export interface Invited { user: Person; link: string }
export interface PeopleImport { created: number; updated: number; disabled: number; unchanged: number; errors: LineError[] | null }
export interface SignedInAt { id: string; created: string; seen: string; address: string; agent: string; current: boolean; method: string }
