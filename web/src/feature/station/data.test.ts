import { describe, expect, it } from 'vitest'
import { accumulate, type Chart, chartSeries, expectedRows, flagCounts, parseRange, span, type Stream } from './data'

const chart = (more: Partial<Chart> = {}): Chart => ({ id: 'a', unit: 'mm', from: '', to: '', step_seconds: 0, points: [[1000, 1, 0], [2000, 2, 1], [3000, 3, 5]], flags_legend: ['estimated', 'out_of_range', 'frozen'], estimated: true, provenance: 'real', shift_seconds: 0, ...more })
const stream = (more: Partial<Stream> = {}): Stream => ({ id: 'a', name: 'A', property: 'rain', unit: 'mm', last: null, rhythm_seconds: 600, ...more })

describe('parseRange', () => {
  it('takes a preset, else a day', () => {
    expect(parseRange('7d', '', '')).toEqual({ preset: '7d' })
    expect(parseRange('nonsense', '', '')).toEqual({ preset: '24h' })
  })
  it('takes two instants in the city\'s time, in order', () => {
    expect(parseRange('', '2020-10-19T06:00', '2020-10-19T08:00')).toEqual({ from: Date.UTC(2020, 9, 18, 23), to: Date.UTC(2020, 9, 19, 1) })
    expect(parseRange('', '2020-10-19T08:00', '2020-10-19T06:00')).toEqual({ preset: '24h' })
  })
  it('ends a preset now', () => {
    const s = span({ preset: '6h' })
    expect(s.to - s.from).toBe(6 * 3_600_000)
  })
})

it('accumulate adds up, and is estimated from the first estimated bar on', () => {
  expect(accumulate([[1, 1, 0], [2, null, 0], [3, 0.2, 1], [4, 1, 0]], 1)).toEqual([[1, 1, 0], [2, 1, 0], [3, 1.2, 1], [4, 2.2, 1]])
})

describe('chartSeries', () => {
  it('draws rain as bars and levels as lines with gaps', () => {
    expect(chartSeries(stream(), chart(), 'Mưa').kind).toBe('bar')
    expect(chartSeries(stream({ property: 'water_level' }), chart(), 'Mực nước').gapSeconds).toBe(1800)
  })
  it('marks what is simulated whole, what is reconstructed by its points', () => {
    expect(chartSeries(stream(), chart({ provenance: 'simulated' }), '').estimated).toBe(true)
    expect(chartSeries(stream(), chart({ provenance: 'reconstructed' }), '').estimated).toBe(false)
  })
})

it('flagCounts counts each bit', () => expect(flagCounts(chart())).toEqual([{ flag: 'estimated', n: 2 }, { flag: 'frozen', n: 1 }]))

it('expectedRows makes a job of what has no rhythm', () => {
  expect(expectedRows(0, 3_600_000, 600)).toBe(6)
  expect(expectedRows(0, 1, 0)).toBe(Infinity)
})
