import { expect, it } from 'vitest'
import type { Compare } from '@/api/case'
import { balanced, ratioOf } from './compare'

const t = (received: number, finished: number, late: number) => ({ received, finished, late })

it('finds what does not add up', () => {
  const c: Compare = { rows: [], parted: [], sums: { a: t(90, 80, 8), b: t(100, 95, 1) }, unattributed: { a: t(10, 5, 0), b: t(0, 0, 0) }, total: { a: t(100, 85, 8), b: t(100, 95, 1) } }
  expect(balanced(c)).toBe(true)
  expect(balanced({ ...c, total: { ...c.total, a: t(101, 85, 8) } })).toBe(false)
  expect(balanced({ ...c, unattributed: { ...c.unattributed, b: t(0, 0, 1) } })).toBe(false)
})

it('has no ratio where nothing was finished', () => {
  expect(ratioOf(t(5, 0, 0))).toBeNull()
  expect(ratioOf(t(5, 4, 1))).toBe(0.25)
})
