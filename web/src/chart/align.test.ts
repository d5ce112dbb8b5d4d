import { describe, expect, it } from 'vitest'
import type { SeriesPoint } from '@/api/types'
import { align, extent, flagNames, within, type ChartSeries } from './align'

const flags = ['estimated', 'out_of_range', 'frozen']
const line = (points: SeriesPoint[], more: Partial<ChartSeries> = {}): ChartSeries => ({ id: 'a', label: 'A', unit: 'm', points, flags, ...more })

describe('align', () => {
  it('puts series with different instants on one axis without breaking their lines', () => {
    const a = align([line([[1000, 1, 0], [3000, 3, 0]]), line([[2000, 9, 0]], { id: 'b' })])
    expect(a.x).toEqual([1, 2, 3])
    expect(a.measured[0]).toEqual([1, undefined, 3])
    expect(a.measured[1]).toEqual([undefined, 9, undefined])
  })

  it('never draws an estimated value as measured', () => {
    const a = align([line([[1000, 1, 0], [2000, 2, 1], [3000, 3, 1], [4000, 4, 0]])])
    expect(a.measured[0]).toEqual([1, null, null, 4])
    expect(a.estimated[0]).toEqual([1, 2, 3, 4]) // the ends join the dashed line
  })

  it('takes a reconstruction whole as estimated', () => {
    const a = align([line([[1000, 1, 0], [2000, 2, 0]], { estimated: true })])
    expect(a.measured[0]).toEqual([null, null])
    expect(a.estimated[0]).toEqual([1, 2])
  })

  it('breaks the line where the source was silent', () => {
    const a = align([line([[0, 1, 0], [600_000, 2, 0], [9_000_000, 3, 0]], { gapSeconds: 1800 })])
    expect(a.x).toEqual([0, 600, 601, 9000])
    expect(a.measured[0]).toEqual([1, 2, null, 3])
  })

  it('gives bars no gaps and no joints', () => {
    const a = align([line([[0, 1, 0], [9_000_000, 2, 1]], { kind: 'bar', gapSeconds: 60 })])
    expect(a.measured[0]).toEqual([1, null])
    expect(a.estimated[0]).toEqual([null, 2])
  })
})

describe('extent', () => {
  it('includes thresholds, and zero under bars', () => {
    expect(extent(align([line([[0, 2, 0], [1000, 3, 0]])]), [5], false)).toEqual([2 - 0.24, 5 + 0.24])
    expect(extent(align([line([[0, 2, 0]], { kind: 'bar' })]), [], true)[0]).toBe(0)
  })
  it('has a place for nothing', () => expect(extent(align([]), [], false)).toEqual([0, 1]))
})

it('within keeps the levels around the values', () => {
  const a = align([line([[0, 4, 0], [1000, 7, 0]])])
  expect(within(a, [1, 3, 5, 9, 12])).toEqual([3, 5, 9])
  expect(within(a, [8, 9])).toEqual([8])
  expect(within(align([]), [1])).toEqual([])
})

it('flagNames reads the mask', () => expect(flagNames(5, flags)).toEqual(['estimated', 'frozen']))
