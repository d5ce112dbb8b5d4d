import { describe, expect, it } from 'vitest'
import type { Place, RiverRow } from '@/api/types'
import { gauge, heat, keep, rise, share, tint } from './data'

const place = (more: Partial<Place> = {}): Place => ({ thing: 'a', datastream: 'a-rain', name: 'Suối Đá', kind: 'rain_gauge', lon: 108, lat: 16, as_of: null, severity: 0, unit_name: 'Sơn Trà', network: 'danang', ...more })
const river = (more: Partial<RiverRow> = {}): RiverRow => ({ ...place(), level: 10.14, bd1: 6.5, bd2: 8, bd3: 9, alarm: 3, phrase: null, rise_cm_h: 0, ...more })

describe('heat', () => {
  it.each([[null, 0], [0, 0], [0.2, 1], [16, 2], [50, 3], [100, 4], [1000, 6]])('gives %s mm in 24 h colour %s', (mm, n) => expect(heat('h24', mm)).toBe(n))
  it('judges 12 h by their own class', () => expect(heat('h12', 50)).toBe(4))
  it('leaves no data without colour, so that it is not taken for dry', () => expect(tint('h24', null)).toBeUndefined())
})

describe('keep', () => {
  it('finds without tones, in the name and in the ward', () => {
    expect(keep(place(), { q: 'suoi da', network: '', worst: false })).toBe(true)
    expect(keep(place(), { q: 'son tra', network: '', worst: false })).toBe(true)
    expect(keep(place(), { q: 'hoa vang', network: '', worst: false })).toBe(false)
  })
  it('keeps to a network and to what needs attention', () => {
    expect(keep(place(), { q: '', network: 'nhatle', worst: false })).toBe(false)
    expect(keep(place(), { q: '', network: '', worst: true })).toBe(false)
    expect(keep(place({ severity: 3 }), { q: '', network: '', worst: true })).toBe(true)
  })
})

describe('gauge', () => {
  it('has room for all alarm levels and for the level', () => {
    const g = gauge(river())
    expect(g.marks.map((m) => m.level)).toEqual([1, 2, 3])
    expect(g.low).toBeLessThan(6.5)
    expect(g.high).toBeGreaterThan(10.14)
    expect(share(g, 9)).toBeLessThan(share(g, 10.14))
  })
  it('works without alarm levels and without a level', () => {
    expect(gauge(river({ bd1: null, bd2: null, bd3: null })).marks).toEqual([])
    expect(gauge(river({ bd1: null, bd2: null, bd3: null, level: null }))).toEqual({ low: 0, high: 1, marks: [] })
  })
})

it.each([[null, null], [0.4, 0], [6, 1], [-6, -1], [45, 2], [-45, -2]])('rise of %s cm/h is %s', (v, want) => expect(rise(v)).toBe(want))
