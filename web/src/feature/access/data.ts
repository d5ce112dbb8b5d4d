// Roles, who sees what, grants, tokens of systems and the policy.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import type { PolicyBook, PolicyRow, RoleRow, Seer, SystemToken } from '@/api/access'
import { get } from '@/api/client'
import type { Grant } from '@/api/people'
import { subjects } from '@/work/permissions'

export interface WhoQuery { permission: string; unit: string; area: string; service: string; sensitivity: string }
export const useWho = (query: Ref<WhoQuery>) => useQuery({ queryKey: computed(() => ['access', 'who', query.value]), queryFn: ({ signal }) => get<{ people: Seer[] | null }>('access/who', { ...query.value }, signal), enabled: computed(() => query.value.permission !== ''), placeholderData: keepPreviousData })
export const useAllGrants = (filter: Ref<{ unit: string; role: string; expiring_days: string }>) => useQuery({ queryKey: computed(() => ['grants', filter.value]), queryFn: ({ signal }) => get<{ grants: Grant[] | null }>('grants', { ...filter.value }, signal), placeholderData: keepPreviousData })
export const useTokens = () => useQuery({ queryKey: ['tokens'], queryFn: ({ signal }) => get<{ tokens: SystemToken[] | null }>('tokens', {}, signal) })
export const usePolicy = () => useQuery({ queryKey: ['policy'], queryFn: ({ signal }) => get<PolicyBook>('policy', {}, signal) })

/** matrix lays permissions out by subject, each with the roles that have it. */
export function matrix(permissions: string[], roles: RoleRow[]): { subject: string; rows: { permission: string; has: Set<string> }[] }[] {
  const lines = permissions.map((permission) => ({ permission, has: new Set(roles.filter((r) => r.permissions?.includes(permission)).map((r) => r.role)) }))
  return subjects(lines).map(([subject, rows]) => ({ subject, rows }))
}

export type TokenState = 'revoked' | 'expired' | 'expiring' | 'active'
/** tokenState says whether a token opens anything now; expiring is within 14 days. */
export function tokenState(t: Pick<SystemToken, 'expires' | 'revoked_at'>, now: number): TokenState {
  if (t.revoked_at) return 'revoked'
  const left = t.expires ? Date.parse(t.expires) - now : Infinity
  return left <= 0 ? 'expired' : left <= 14 * 86_400_000 ? 'expiring' : 'active'
}

export const numbers = ['min_length', 'history', 'max_age_days', 'lock_after', 'lock_minutes', 'idle_minutes', 'absolute_hours', 'sessions', 'unused_days'] as const
export const switches = ['lower', 'upper', 'digit', 'special'] as const

/** differing are the fields of a policy that another row sets otherwise. */
export const differing = (a: PolicyRow, b: PolicyRow): (keyof PolicyRow)[] => [...numbers, ...switches, 'second_factor_roles' as const].filter((k) => JSON.stringify(a[k]) !== JSON.stringify(b[k]))
