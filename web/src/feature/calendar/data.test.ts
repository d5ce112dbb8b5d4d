import { describe, expect, it } from 'vitest'
import type { CalendarDay } from '@/api/calendar'
import { dateText, lunarMark, months, runs, special } from './data'

function year(y: number, over: Record<string, Partial<CalendarDay>> = {}): CalendarDay[] {
  const out: CalendarDay[] = []
  for (let t = Date.UTC(y, 0, 1); new Date(t).getUTCFullYear() === y; t += 86_400_000) {
    const date = new Date(t).toISOString().slice(0, 10)
    const weekday = new Date(t).getUTCDay() || 7
    out.push({ date, weekday, kind: weekday > 5 ? 'weekend' : 'workday', name: { vi: '', en: '' }, lunar: '1/1', status: 'confirmed', source: '', works: weekday < 6, city: false, ...over[date] })
  }
  return out
}

describe('months', () => {
  it('puts each day under its weekday, once, in twelve months', () => {
    const grid = months(year(2026))
    expect(grid).toHaveLength(12)
    expect(grid.flatMap((m) => m.weeks.flat()).filter(Boolean)).toHaveLength(365)
    for (const m of grid) for (const week of m.weeks) week.forEach((d, i) => d && expect(d.weekday).toBe(i + 1))
    expect(grid[0]?.weeks[0]?.map((d) => d?.date.slice(8) ?? '')).toEqual(['', '', '', '01', '02', '03', '04'])
    expect(grid[1]?.weeks).toHaveLength(5) // February 2026 begins on a Sunday
  })
  it('knows leap years and bears nothing', () => {
    expect(months(year(2028))[1]?.weeks.flat().filter(Boolean)).toHaveLength(29)
    expect(months([]).every((m) => m.weeks.length === 0)).toBe(true)
  })
})

describe('the list of special days', () => {
  const tet = Object.fromEntries(['16', '17', '18', '19', '20'].map((d) => [`2026-02-${d}`, { kind: 'holiday' as const, name: { vi: 'Tết', en: 'Tết' }, works: false }]))
  const days = year(2026, { ...tet, '2026-01-10': { kind: 'makeup', works: true }, '2026-11-24': { status: 'unconfirmed' } })
  it('names what is not what its weekday says, and what is not sure', () => expect(special(days).map((d) => d.date)).toEqual(['2026-01-10', '2026-02-16', '2026-02-17', '2026-02-18', '2026-02-19', '2026-02-20', '2026-11-24']))
  it('joins days that follow each other', () => expect(runs(special(days)).map((r) => `${dateText(r.first.date)}–${dateText(r.last.date)} ${r.n}`)).toEqual(['10/01–10/01 1', '16/02–20/02 5', '24/11–24/11 1']))
})

it.each([['1/3', '1/3'], ['15/3', '15'], ['1/6n', '1/6n'], ['', '']])('the lunar date %s is marked %s', (lunar, want) => expect(lunarMark(lunar)).toBe(want))
it('dates as people write them', () => expect([dateText('2026-02-07'), dateText('2026-02-07', true)]).toEqual(['07/02', '07/02/2026']))
