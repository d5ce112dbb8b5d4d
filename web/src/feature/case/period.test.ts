import { describe, expect, it } from 'vitest'
import { addDays, dayOf, instant, isDay, lastDay, spanOf, step, weekOf } from './period'

describe('a period', () => {
  it('is the one in which the day lies', () => {
    expect(spanOf('day', '2026-11-26')).toEqual({ from: '2026-11-26', to: '2026-11-27' })
    expect(spanOf('week', '2026-11-26')).toEqual({ from: '2026-11-23', to: '2026-11-30' })
    expect(spanOf('week', '2026-11-29')).toEqual({ from: '2026-11-23', to: '2026-11-30' }) // Sunday ends it
    expect(spanOf('month', '2026-11-26')).toEqual({ from: '2026-11-01', to: '2026-12-01' })
    expect(spanOf('quarter', '2026-11-26')).toEqual({ from: '2026-10-01', to: '2027-01-01' })
    expect(spanOf('year', '2026-11-26')).toEqual({ from: '2026-01-01', to: '2027-01-01' })
  })

  it('goes on and back over the ends of months and years', () => {
    expect(step('day', '2026-03-01', -1)).toBe('2026-02-28')
    expect(step('week', '2026-01-01', -1)).toBe('2025-12-22')
    expect(step('month', '2026-01-31', 1)).toBe('2026-02-01')
    expect(step('month', '2026-01-31', -1)).toBe('2025-12-01')
    expect(step('quarter', '2026-11-26', 1)).toBe('2027-01-01')
    expect(step('year', '2024-02-29', 1)).toBe('2025-01-01')
  })

  it('ends on its last day, leap days too', () => {
    expect(lastDay(spanOf('month', '2026-02-10'))).toBe('2026-02-28')
    expect(lastDay(spanOf('month', '2024-02-10'))).toBe('2024-02-29')
    expect(addDays('2024-02-28', 1)).toBe('2024-02-29')
  })

  it('knows the week that Vietnam counts', () => {
    expect(weekOf('2026-01-01')).toEqual({ year: 2026, week: 1 })
    expect(weekOf('2025-12-31')).toEqual({ year: 2026, week: 1 })
    expect(weekOf('2021-01-03')).toEqual({ year: 2020, week: 53 })
    expect(weekOf('2026-11-26')).toEqual({ year: 2026, week: 48 })
  })

  it('begins at the midnight of the city', () => {
    expect(new Date(instant('2026-11-26')).toISOString()).toBe('2026-11-25T17:00:00.000Z')
    expect(dayOf(Date.parse('2026-11-25T17:00:00Z'))).toBe('2026-11-26')
    expect(dayOf(Date.parse('2026-11-25T16:59:59Z'))).toBe('2026-11-25')
  })

  it('is told from what is no day', () => {
    expect(['2026-02-29', '2026-13-01', '26/11/2026', ''].map(isDay)).toEqual([false, false, false, false])
    expect(isDay('2024-02-29')).toBe(true)
  })
})
