import { expect, it } from 'vitest'
import { byDay } from './timeline'

it('groups by day and keeps the order', () => {
  const at = ['2026-11-23T23:00:00Z', '2026-11-23T22:00:00Z', '2026-11-22T09:00:00Z']
  const got = byDay(at.map((t) => ({ at: t })), (t) => t.slice(0, 10))
  expect(got.map((g) => [g.day, g.items.length])).toEqual([['2026-11-23', 2], ['2026-11-22', 1]])
  expect(byDay([], String)).toEqual([])
})
