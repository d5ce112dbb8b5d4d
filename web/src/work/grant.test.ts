import { describe, expect, it } from 'vitest'
import type { Grant } from '@/api/people'
import { Problem } from '@/api/problem'
import type { Words } from '@/i18n/use'
import grantWords from '@/i18n/vi/grant.json'
import serviceWords from '@/i18n/vi/service.json'
import { fromDate, lastDay, sayScope, sorted, standing, toDate, untilDate, wrong } from './grant'

// The Vietnamese catalogue itself, without the machinery around it.
const t = (key: string, args: Record<string, unknown> = {}): string => {
  const found = key.split('.').reduce<unknown>((at, k) => (at as Record<string, unknown> | undefined)?.[k], { grant: grantWords, service: serviceWords })
  return String(found).replace(/\{(\w+)\}/g, (_, k: string) => String(args[k]))
}
const w = { t } as unknown as Words
const now = Date.parse('2026-11-26T02:00:00Z')
const grant = (over: Partial<Grant>): Grant => ({ id: 'g', user: 'u', user_name: '', role: 'unit', unit: '', unit_name: '', areas: null, services: null, ceiling: 'internal', from: '2026-01-01T00:00:00Z', until: null, reason: '', delegated_by: null, given_by: null, given_at: '2026-01-01T00:00:00Z', revoked_at: null, revoked_by: '', revoke_reason: '', in_force: true, ...over })

describe('a grant in words', () => {
  it.each([
    [{ unit: '', ceiling: 'internal' as const }, 'Toàn thành phố · đến dữ liệu nội bộ'],
    [{ unit: 'syt', unit_name: 'Sở Y tế', ceiling: 'sensitive' as const }, 'Sở Y tế và cấp dưới · đến dữ liệu cá nhân nhạy cảm'],
    [{ unit: 'syt', unit_name: '', areas: ['20242', '20257'], services: ['flood', 'case', 'new-one'], ceiling: 'personal' as const }, 'syt và cấp dưới · địa bàn P20242, P20257 · lĩnh vực Ngập, Hồ sơ hành chính, new-one · đến dữ liệu cá nhân'],
  ])('%j', (g, want) => expect(sayScope(w, g, (code) => `P${code}`)).toBe(want))
})

describe('standing', () => {
  it.each([
    [{}, 'in_force'],
    [{ until: '2026-11-26T02:00:00Z' }, 'ended'],
    [{ until: '2026-12-20T00:00:00Z' }, 'expiring'],
    [{ until: '2027-12-20T00:00:00Z' }, 'in_force'],
    [{ from: '2026-12-01T00:00:00Z', until: '2026-12-02T00:00:00Z' }, 'coming'],
    [{ revoked_at: '2026-11-01T00:00:00Z', until: '2027-01-01T00:00:00Z' }, 'revoked'],
  ])('%j is %s', (over, want) => expect(standing(grant(over), now)).toBe(want))
  it('sorts what holds before what did', () => {
    const list = [grant({ id: 'old', until: '2026-02-01T00:00:00Z' }), grant({ id: 'next', from: '2027-01-01T00:00:00Z' }), grant({ id: 'a', given_at: '2026-01-01T00:00:00Z' }), grant({ id: 'b', given_at: '2026-05-01T00:00:00Z' })]
    expect(sorted(list, now).map((g) => g.id)).toEqual(['b', 'a', 'next', 'old'])
  })
})

describe('days and instants', () => {
  it('until a day holds to its end in the city, whatever the browser thinks', () => {
    expect(fromDate('2026-12-31')).toBe('2026-12-30T17:00:00.000Z')
    expect(untilDate('2026-12-31')).toBe('2026-12-31T17:00:00.000Z')
    expect(toDate(lastDay('2026-12-31T17:00:00Z'))).toBe('2026-12-31')
    for (const nothing of ['', 'x']) {
      expect(fromDate(nothing)).toBeUndefined()
      expect(untilDate(nothing)).toBeNull()
    }
    expect(toDate(null)).toBe('')
  })
})

it('wrong joins all that the server said of a field', () => {
  const p = new Problem(422, 'identity.invalid', '', '', [{ path: 'password', code: 'a', detail: 'ngắn' }, { path: 'body.password', code: 'b', detail: 'thiếu chữ số' }, { path: 'name', code: 'c', detail: 'x' }])
  expect(wrong(p, 'password')).toBe('ngắn; thiếu chữ số')
  expect(wrong(null, 'name')).toBe('')
})
