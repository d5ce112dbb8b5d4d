import { describe, expect, it } from 'vitest'
import type { Feature, Layer } from '@/api/types'
import { withLatest } from './fresh'
import type { Overlay } from './overlay'

const layer = { id: 'a', geometry: 'point' } as Layer
const feature = (more: Partial<Feature>): Feature => ({ id: 'f', name: 'F', lon: 1, lat: 2, datastream: 'ds', value: 1, unit: 'm', as_of: '2025-10-28T12:00:00Z', state: 's', severity: 0, ...more })
const overlay = (more: Partial<Feature> = {}): Overlay[] => [{ layer, features: [feature(more)] }]
const at = (text: string): Map<string, { ds: string; thing: string; t: number; v: number; f: number }> => new Map([['ds', { ds: 'ds', thing: 't', t: Date.parse(text), v: 2.5, f: 1 }]])

describe('withLatest', () => {
  it('shows a newer reading before the server is asked', () => {
    const f = withLatest(overlay({ stale: true }), at('2025-10-28T12:10:00Z'))[0]?.features[0]
    expect([f?.value, f?.as_of, f?.estimated, f?.stale]).toEqual([2.5, '2025-10-28T12:10:00.000Z', true, false])
  })
  it('keeps what is newer already', () => {
    const before = overlay()
    expect(withLatest(before, at('2025-10-28T11:50:00Z'))[0]).toBe(before[0])
  })
  it('leaves sums alone: one reading does not tell the rain of a day', () => expect(withLatest(overlay({ unit: 'mm' }), at('2025-10-28T12:10:00Z'))[0]?.features[0]?.value).toBe(1))
  it('forgets the phrase that told the old value', () => expect(withLatest(overlay({ phrase: { vi: '1 m', en: '1 m' } }), at('2025-10-28T12:10:00Z'))[0]?.features[0]?.phrase).toBeUndefined())
})
