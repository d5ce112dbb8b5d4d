// The shapes of /api/v1/access, /tokens and /policy: what roles may do, who
// sees what and why, tokens of systems, the rules of passwords and sessions.
import type { Ceiling, Grant, Who } from './people'
import type { Text } from './types'

export interface RoleRow { role: string; name: Text; permissions: string[] | null; ceiling: Ceiling; city_wide: boolean; may_give: string[] | null; delegable: boolean }
export interface PermissionText { permission: string; text: Text }
export interface RoleTable { roles: RoleRow[] | null; permissions: PermissionText[] | null }
export interface Seer { user: { id: string; name: string; title: string; unit: string; unit_name: string }; why: Grant[] | null }
export interface SystemToken { id: string; name: string; owner: Who; permissions: string[] | null; unit: string; services: string[] | null; reason: string; expires: string | null; last_used: string | null; created: string; hint: string; revoked_at: string | null }
export interface PolicyRow {
  from: string; min_length: number; lower: boolean; upper: boolean; digit: boolean; special: boolean; history: number; max_age_days: number
  lock_after: number; lock_minutes: number; idle_minutes: number; absolute_hours: number; sessions: number; second_factor_roles: string[] | null; unused_days: number; source: string
}
/** PolicyBook holds the rows by day, the first the configuration's; current is from of the one in force. */
export interface PolicyBook { rows: PolicyRow[] | null; current: string }
