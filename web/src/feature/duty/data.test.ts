import { expect, it } from 'vitest'
import type { LogEntry, Shift } from '@/api/duty'
import { corrected, days, hours, monday } from './data'

const shift = (id: string, from: string, to: string, users: string[]): Shift => ({ id, from, to, name: { vi: id, en: id }, people: users.map((user) => ({ user, name: user, post: 'officer' })) })

it("begins a week with the city's Monday", () => {
  expect(new Date(monday(Date.parse('2026-11-26T15:00:00Z'))).toISOString()).toBe('2026-11-22T17:00:00.000Z')
  expect(new Date(monday(Date.parse('2026-11-22T17:00:00Z'))).toISOString()).toBe('2026-11-22T17:00:00.000Z')
  expect(new Date(monday(Date.parse('2026-11-22T16:59:00Z'))).toISOString()).toBe('2026-11-15T17:00:00.000Z')
})

it('puts a night shift on the day on which it begins', () => {
  const first = Date.parse('2026-11-22T17:00:00Z')
  const out = days([shift('night', '2026-11-23T15:00:00Z', '2026-11-23T23:00:00Z', []), shift('morning', '2026-11-22T23:00:00Z', '2026-11-23T07:00:00Z', [])], first, 2)
  expect(out.map((d) => d.shifts.map((s) => s.id))).toEqual([['morning', 'night'], []])
})

it('counts the hours of each person', () => {
  expect(hours([shift('a', '2026-11-23T00:00:00Z', '2026-11-23T08:00:00Z', ['x', 'y']), shift('b', '2026-11-23T08:00:00Z', '2026-11-23T16:00:00Z', ['y'])])).toEqual([{ user: 'y', name: 'y', hours: 16, shifts: 2 }, { user: 'x', name: 'x', hours: 8, shifts: 1 }])
})

it('knows which entry corrects which', () => {
  const e = { id: '2', corrects: '1' } as LogEntry
  expect(corrected([e, { id: '1', corrects: null } as LogEntry]).get('1')).toBe(e)
})
