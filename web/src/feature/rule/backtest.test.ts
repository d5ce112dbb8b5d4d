import { expect, it } from 'vitest'
import { calendar, cityDay } from './backtest'

it('lays days out in weeks from Monday to Sunday', () => {
  const weeks = calendar([{ day: '2025-10-28', n: 4, severity: 3 }], '2025-10-25', '2025-11-03')
  expect(weeks).toHaveLength(3)
  expect(weeks[0]?.map((c) => c.inside)).toEqual([false, false, false, false, false, true, true])
  expect(weeks[1]?.[1]).toEqual({ day: '2025-10-28', n: 4, severity: 3, inside: true })
  expect(calendar([], '2025-11-02', '2025-11-01')).toEqual([])
})

it("is the city's day, not that of UTC", () => {
  expect(cityDay(Date.parse('2025-10-27T17:30:00Z'))).toBe('2025-10-28')
  expect(cityDay(Date.parse('2025-10-28T16:59:00Z'))).toBe('2025-10-28')
})
