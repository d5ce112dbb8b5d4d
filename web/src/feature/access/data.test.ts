import { describe, expect, it } from 'vitest'
import type { PolicyRow, RoleRow } from '@/api/access'
import { differing, matrix, tokenState } from './data'

const role = (name: string, permissions: string[]): RoleRow => ({ role: name, name: { vi: name, en: name }, permissions, ceiling: 'internal', city_wide: false, may_give: null, delegable: true })

it('matrix lays permissions out by subject, with who has them', () => {
  const out = matrix(['case.view', 'unit.view', 'case.edit'], [role('a', ['case.view']), role('b', ['case.view', 'case.edit'])])
  expect(out.map((g) => g.subject)).toEqual(['case', 'unit'])
  expect(out[0]?.rows.map((r) => [...r.has].join('+'))).toEqual(['a+b', 'b'])
  expect(out[1]?.rows[0]?.has.size).toBe(0)
})

describe('tokenState', () => {
  const now = Date.parse('2026-11-26T00:00:00Z')
  it.each([
    [{ expires: null, revoked_at: null }, 'active'],
    [{ expires: '2027-11-26T00:00:00Z', revoked_at: null }, 'active'],
    [{ expires: '2026-12-01T00:00:00Z', revoked_at: null }, 'expiring'],
    [{ expires: '2026-11-26T00:00:00Z', revoked_at: null }, 'expired'],
    [{ expires: '2027-11-26T00:00:00Z', revoked_at: '2026-01-01T00:00:00Z' }, 'revoked'],
  ])('%j is %s', (t, want) => expect(tokenState(t, now)).toBe(want))
})

it('differing names what a policy sets otherwise', () => {
  const p: PolicyRow = { from: '2026-01-01', min_length: 12, lower: true, upper: true, digit: true, special: true, history: 5, max_age_days: 90, lock_after: 5, lock_minutes: 15, idle_minutes: 15, absolute_hours: 12, sessions: 20, second_factor_roles: ['admin'], unused_days: 45, source: 'a' }
  expect(differing(p, { ...p, from: '2027-01-01', source: 'b' })).toEqual([])
  expect(differing(p, { ...p, min_length: 14, second_factor_roles: ['admin', 'security'] })).toEqual(['min_length', 'second_factor_roles'])
})
