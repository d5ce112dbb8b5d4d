import { describe, expect, it } from 'vitest'
import { brief, clock, day, exact, isTime, relative, span, startOfDay, weekday } from './when'

const t = '2025-10-28T12:42:08Z' // 19:42:08 in the city, whatever the machine's zone

describe('times in the city', () => {
  it('are written as people write them', () => {
    expect([clock(t, 'vi'), clock(t, 'vi', true), day(t, 'vi'), day(t, 'vi', true)]).toEqual(['19:42', '19:42:08', '28/10', '28/10/2025'])
    expect(exact(t, 'vi')).toBe('19:42:08 28/10/2025')
    expect(weekday(t, 'vi')).toBe('Thứ Ba, 28/10')
    expect(weekday(t, 'en')).toBe('Tue, 28/10')
  })
  it('are brief on the same day of the city', () => {
    expect(brief(t, 'vi', '2025-10-28T16:59:00Z')).toBe('19:42')
    expect(brief(t, 'vi', '2025-10-28T17:01:00Z')).toBe('19:42 28/10') // past the city's midnight
  })
  it('know the start of the city\'s day', () => expect(new Date(startOfDay(t)).toISOString()).toBe('2025-10-27T17:00:00.000Z'))
})

describe('relative', () => {
  const ago = (s: number): string => relative(Date.parse(t) - s * 1000, 'vi', t)
  it.each([[3, 'vừa xong'], [42, '42 giây trước'], [720, '12 phút trước'], [7200, '2 giờ trước'], [200_000, '2 ngày trước'], [-300, 'sau 5 phút']])('%d s', (s, want) => expect(ago(s)).toBe(want))
})

describe('span', () => {
  it.each([[45, '45 giây'], [600, '10 phút'], [3600, '1 giờ'], [21_840, '6 giờ 4 phút'], [90_000, '1 ngày 1 giờ'], [86_700, '1 ngày']])('%d s', (s, want) => expect(span(s, 'vi')).toBe(want))
})

it('isTime refuses nothing, nonsense and the year 1', () => {
  expect([null, undefined, '', 'x', '0001-01-01T00:00:00Z', t].map((x) => isTime(x))).toEqual([false, false, false, false, false, true])
})
