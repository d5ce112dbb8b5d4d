import { expect, it } from 'vitest'
import { due, figureOf } from './sound'

it('gives each severity a figure of its own, longer as it gets worse', () => {
  const lengths = [0, 1, 2, 3, 4].map((s) => figureOf(s).length)
  expect(lengths).toEqual([0, 1, 2, 3, 6])
  expect(new Set([1, 2, 3, 4].map((s) => figureOf(s).map((t) => t.hz).join())).size).toBe(4)
  expect(figureOf(9)).toEqual(figureOf(4))
})

it('sounds once in a burst, again when something worse comes', () => {
  expect(due(3, 1000, { at: 0, severity: 3 })).toBe(false)
  expect(due(4, 1000, { at: 0, severity: 3 })).toBe(true)
  expect(due(2, 2000, { at: 0, severity: 4 })).toBe(true)
})
