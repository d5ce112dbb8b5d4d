import { describe, expect, it } from 'vitest'
import type { Feature, Layer } from '@/api/types'
import { fontOf, iconName, layersFor, look, parseIcon, shapeOf, toGeoJSON } from './overlay'

const layer = (id: string, geometry: 'point' | 'polygon' = 'point'): Layer => ({ id, service: 'flood', title: { vi: id, en: id }, geometry, on: true, columns: [], count: 0, legend: [{ state: 'wet', title: { vi: 'ướt', en: 'wet' }, severity: 2, color: 'depth-2' }] })
const feature = (more: Partial<Feature> = {}): Feature => ({ id: 'f', name: 'F', lon: 108.2, lat: 16, value: 0.3, as_of: null, state: 'wet', severity: 2, ...more })
const paint = { color: (t: string): string => `<${t}>`, label: (f: Feature): string => `${f.value} m` }

describe('look', () => {
  it('tells estimated and stale from measured', () => {
    expect(look(feature())).toBe('measured')
    expect(look(feature({ estimated: true }))).toBe('estimated')
    expect(look(feature({ estimated: true, stale: true }))).toBe('stale')
    expect(look(feature({ value: null }))).toBe('stale')
  })
})

describe('toGeoJSON', () => {
  it('names an icon by shape, legend colour and look', () => {
    const [f] = toGeoJSON({ layer: layer('a'), features: [feature({ estimated: true })] }, 'diamond', paint)
    expect(f?.properties?.['icon']).toBe(iconName('diamond', 'depth-2', 'estimated'))
    expect(parseIcon(f?.properties?.['icon'] as string)).toEqual({ shape: 'diamond', color: 'depth-2', look: 'estimated' })
    expect(f?.properties?.['label']).toBe('0.3 m')
  })
  it('writes nothing beside a mark without value, and no colour for an unknown state', () => {
    const [f] = toGeoJSON({ layer: layer('a'), features: [feature({ value: null, state: 'odd' })] }, 'circle', paint)
    expect(f?.properties?.['label']).toBe('')
    expect(f?.properties?.['icon']).toBe(iconName('circle', 'muted', 'stale'))
  })
  it('colours polygons and leaves out those without shape', () => {
    const geometry: GeoJSON.Polygon = { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] }
    const out = toGeoJSON({ layer: layer('u', 'polygon'), features: [feature({ geometry }), feature({ id: 'g' })] }, 'circle', paint)
    expect(out).toHaveLength(1)
    expect(out[0]?.properties?.['color']).toBe('<depth-2>')
  })
})

it('each point layer keeps its own shape, polygons take none', () => {
  const all = [layer('u', 'polygon'), layer('a'), layer('b')]
  expect([shapeOf(all, 'a'), shapeOf(all, 'b')]).toEqual(['circle', 'diamond'])
})

it('layersFor writes text only in a font that the base map has', () => {
  const ids = (font?: string[]): string[] => layersFor(layer('a'), paint, font).map((l) => l.id)
  expect(ids()).toEqual(['ioc-a-cluster', 'ioc-a-point'])
  expect(ids(['Sans'])).toEqual(['ioc-a-cluster', 'ioc-a-count', 'ioc-a-point', 'ioc-a-label'])
  expect(fontOf({ glyphs: '/g', layers: [{ id: 'x', type: 'symbol', source: 's', layout: { 'text-font': ['Be Vietnam Pro'] } }] })).toEqual(['Be Vietnam Pro'])
  expect(fontOf({ layers: [] })).toBeUndefined()
})
