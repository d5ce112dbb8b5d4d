import { describe, expect, it } from 'vitest'
import type { BoardRow } from '@/api/case'
import { digitizedShare, digitsFor, firstGroup, lateShare, lengthOf, onTimeShare, pieces, points, secondsIn } from './figures'

const row: BoardRow = {
  key: '', name: '', received: 100, received_direct: 40, received_online: 55, received_post: 5, carried_over: 12, finished: 90, early: 50, on_time: 35, late: 5, in_progress: 22, in_time: 10, near_due: 4, overdue: 3, paused: 5, waiting: 0, no_due: 0, refused: 1, withdrawn: 0, stopped: 0,
  late_ratio: 8 / 93, on_time_ratio: 85 / 90, results: 90, digitized: 80, digitized_ratio: 80 / 90, previous: null,
}

describe('a ratio', () => {
  it('names its numerator and its denominator', () => {
    expect(lateShare(row)).toEqual({ ratio: 8 / 93, part: 8, whole: 93 })
    expect(onTimeShare(row)).toEqual({ ratio: 85 / 90, part: 85, whole: 90 })
    expect(digitizedShare(row)).toEqual({ ratio: 80 / 90, part: 80, whole: 90 })
  })

  it('changes by points, and not at all without the other side', () => {
    expect(points(0.0012, 0.0396)).toBeCloseTo(-3.84)
    expect(points(null, 0.1)).toBeNull()
    expect(points(0.1, undefined)).toBeNull()
  })

  it('keeps the decimals that matter', () => {
    expect([null, 0, 1, 0.0012, 0.0396, 0.284].map(digitsFor)).toEqual([0, 0, 0, 2, 1, 1])
  })
})

describe('a length', () => {
  it('is days and hours', () => {
    expect(lengthOf(2 * 86_400 + 5 * 3600 + 59)).toEqual({ days: 2, hours: 5, minutes: 0, sign: 1 })
    expect(lengthOf(-3_660)).toEqual({ days: 0, hours: 1, minutes: 1, sign: -1 })
    expect(lengthOf(0).sign).toBe(1)
  })
})

describe('work', () => {
  it('begins with what can still be saved, then with what is over', () => {
    expect(firstGroup(3, 12)).toBe('near_due')
    expect(firstGroup(0, 12)).toBe('overdue')
    expect(firstGroup(0, 0)).toBe('near_due')
    expect(firstGroup(undefined, undefined)).toBe('near_due')
  })

  it('cuts bars into the parts that are there', () => {
    expect(pieces([['a', 1], ['b', 0], ['c', 3]])).toEqual([{ key: 'a', value: 1, share: 0.25 }, { key: 'c', value: 3, share: 0.75 }])
    expect(pieces([['a', 0]])).toEqual([])
  })
})

it('reads how long to wait from the words of the server', () => {
  expect(secondsIn('quá nhiều yêu cầu; thử lại sau 42 giây')).toBe(42)
  expect(secondsIn('too many requests; try again in 7 s')).toBe(7)
  expect(secondsIn('later')).toBeNull()
})
