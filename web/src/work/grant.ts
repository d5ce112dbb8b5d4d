// Grants in words: as what, where, for what, up to which data, until when.
import type { Ceiling, Grant } from '@/api/people'
import { Problem } from '@/api/problem'
import type { Words } from '@/i18n/use'
import { fromLocal, toLocal } from '@/lib/local'
import { sayService } from '@/ui/service'

export const ceilings = ['public', 'internal', 'personal', 'sensitive'] as const
/** Roles that a person can be given, as access lists them; a device's role is its token's. */
export const roles = ['admin', 'security', 'data_admin', 'leader', 'ioc_leader', 'duty', 'analyst', 'unit_leader', 'unit', 'officer', 'citizen'] as const
/** Services that grants may be narrowed to. */
export const grantServices = ['flood', 'rain', 'river', 'storm', 'air', 'vessel', 'case', 'sensor', 'source', 'system'] as const

export interface GrantScope { unit: string; unit_name?: string; areas?: string[] | null; services?: string[] | null; ceiling: Ceiling }

/** sayUnit is the subtree: "Toàn thành phố", or the unit and what is below it. */
export const sayUnit = (w: Words, g: { unit: string; unit_name?: string }): string => (g.unit === '' ? w.t('grant.whole_city') : w.t('grant.subtree', { unit: g.unit_name || g.unit }))

/** sayScope is where and for what a grant holds, in one line; what is not narrowed is left out. */
export function sayScope(w: Words, g: GrantScope, area: (code: string) => string): string {
  const parts = [sayUnit(w, g)]
  if (g.areas?.length) parts.push(w.t('grant.in_areas', { areas: g.areas.map(area).join(', ') }))
  if (g.services?.length) parts.push(w.t('grant.for_services', { services: g.services.map((s) => sayService(w, s)).join(', ') }))
  parts.push(w.t('grant.up_to', { ceiling: w.t(`grant.ceiling.${g.ceiling}`).toLowerCase() }))
  return parts.join(' · ')
}

export type Standing = 'revoked' | 'ended' | 'coming' | 'expiring' | 'in_force'
const soon = 30 * 86_400_000

/** standing says how a grant stands at an instant; expiring is within 30 days. */
export function standing(g: Pick<Grant, 'from' | 'until' | 'revoked_at'>, now: number): Standing {
  if (g.revoked_at && Date.parse(g.revoked_at) <= now) return 'revoked'
  const until = g.until ? Date.parse(g.until) : Infinity
  if (until <= now) return 'ended'
  if (g.from && Date.parse(g.from) > now) return 'coming'
  return until - now <= soon ? 'expiring' : 'in_force'
}

/** sorted puts what holds first, then what will, then what did; the newest of each first. */
export const sorted = (grants: Grant[], now: number): Grant[] => {
  const order: Record<Standing, number> = { expiring: 0, in_force: 0, coming: 1, ended: 2, revoked: 2 }
  return [...grants].sort((a, b) => order[standing(a, now)] - order[standing(b, now)] || b.given_at.localeCompare(a.given_at))
}

/** wrong is what the server said of a field, all of it. */
export const wrong = (problem: Problem | null, path: string): string => problem?.errors.filter((e) => e.path === path || e.path === `body.${path}`).map((e) => e.detail).join('; ') ?? ''
export const asProblem = (err: unknown, unknown = ''): Problem => (err instanceof Problem ? err : new Problem(0, 'unknown', unknown))
export const message = (err: unknown, unknown: string): string => (err instanceof Problem && err.detail !== '' ? err.detail : unknown)

const day = 86_400_000
/** lastDay is the last instant that still belongs to a span whose end is the first instant no longer. */
export const lastDay = (until: string): number => Date.parse(until) - 1
/** fromDate is the city's midnight of a day as people type it, undefined for none. */
export const fromDate = (date: string): string | undefined => {
  const ms = fromLocal(date === '' ? '' : `${date}T00:00`)
  return ms === null ? undefined : new Date(ms).toISOString()
}
/** untilDate is the first instant after a day, null for none: "until 31/12" still holds on 31/12. */
export const untilDate = (date: string): string | null => {
  const ms = fromLocal(date === '' ? '' : `${date}T12:00`)
  return ms === null ? null : (fromDate(toLocal(ms + day).slice(0, 10)) ?? null)
}
/** toDate is the day of an instant as a date field holds it. */
export const toDate = (instant: string | number | null | undefined): string => (instant ? toLocal(instant).slice(0, 10) : '')
