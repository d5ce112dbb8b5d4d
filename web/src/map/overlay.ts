// From a layer's features to what MapLibre draws: pure functions, tested
// without WebGL. Colours come in as a function because they depend on the
// theme.
import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl'
import type { Feature, Layer } from '@/api/types'

export type Shape = 'circle' | 'diamond' | 'triangle' | 'square' | 'hexagon'
export type Look = 'measured' | 'estimated' | 'stale'

/** Overlay is one layer as the page hands it to the map. */
export interface Overlay { layer: Layer; features: Feature[] }

export interface Painting {
  color: (token: string) => string
  /** the value as written beside the mark */
  label: (f: Feature) => string
}

const shapes: Shape[] = ['circle', 'diamond', 'triangle', 'square', 'hexagon']

/** shapeOf gives each point layer its own shape, by its place among them. */
export function shapeOf(layers: Layer[], id: string): Shape {
  const i = layers.filter((l) => l.geometry === 'point').findIndex((l) => l.id === id)
  return shapes[Math.max(0, i) % shapes.length] as Shape
}

/** look says how far to trust the mark: silent or without value, not measured, measured. */
export function look(f: Feature): Look {
  if (f.stale || f.value === null) return 'stale'
  return f.estimated ? 'estimated' : 'measured'
}

/** colorToken is the legend's colour for the feature's state. */
export function colorToken(layer: Layer, f: Feature): string {
  return layer.legend?.find((l) => l.state === f.state)?.color ?? 'muted'
}

export const iconName = (shape: Shape, color: string, l: Look): string => `ioc/${shape}/${color}/${l}`

export function parseIcon(name: string): { shape: Shape; color: string; look: Look } | undefined {
  const [head, shape, color, l] = name.split('/')
  if (head !== 'ioc' || !shape || !color || !l) return undefined
  return { shape: shape as Shape, color, look: l as Look }
}

export const sourceOf = (layerId: string): string => `ioc-${layerId}`
export const layerOf = (source: string): string => source.replace(/^ioc-/, '')

/** toGeoJSON turns features into what the source holds. The worst lie on top. */
export function toGeoJSON(o: Overlay, shape: Shape, p: Painting): GeoJSON.Feature[] {
  const out: GeoJSON.Feature[] = []
  const polygon = o.layer.geometry === 'polygon'
  const top = Math.max(1e-9, ...o.features.map((f) => f.value ?? 0))
  for (const f of o.features) {
    if (polygon && !f.geometry) continue
    const color = colorToken(o.layer, f)
    out.push({
      type: 'Feature',
      geometry: polygon ? (f.geometry as GeoJSON.Geometry) : { type: 'Point', coordinates: [f.lon, f.lat] },
      properties: {
        id: f.id,
        name: f.name,
        severity: f.severity,
        sort: f.severity * 10 + (f.value === null ? 0 : 1),
        label: f.value === null || Number.isNaN(f.value) ? '' : p.label(f), // NaN: there is nothing to write beside the mark
        ...(polygon ? { color: p.color(color), weight: f.value === null ? 0 : Math.max(0.002, f.value / top) } : { icon: iconName(shape, color, look(f)) }),
      },
    })
  }
  return out
}

/** Below this zoom points that touch become one cluster. */
export const clusterMaxZoom = 8


/** layersFor are the MapLibre layers of one overlay, bottom to top. */
export function layersFor(layer: Layer, p: Painting, font: string[] | undefined): LayerSpecification[] {
  const source = sourceOf(layer.id)
  if (layer.geometry === 'polygon') {
    return [
      { id: `${source}-fill`, type: 'fill', source, paint: { 'fill-color': ['get', 'color'], 'fill-opacity': ['interpolate', ['linear'], ['get', 'weight'], 0, 0.06, 0.001, 0.25, 1, 0.72] } },
      { id: `${source}-line`, type: 'line', source, paint: { 'line-color': p.color('border'), 'line-width': 1 } },
    ]
  }
  const severityColor: ExpressionSpecification = ['match', ['get', 'worst'], 4, p.color('sev-4'), 3, p.color('sev-3'), 2, p.color('sev-2'), 1, p.color('sev-1'), p.color('line-strong')]
  const text = font ? { 'text-font': font } : {}
  const out: LayerSpecification[] = [
    {
      id: `${source}-cluster`,
      type: 'circle',
      source,
      filter: ['has', 'point_count'],
      paint: { 'circle-color': p.color('raised'), 'circle-radius': ['step', ['get', 'point_count'], 12, 10, 15, 50, 19], 'circle-stroke-width': 2, 'circle-stroke-color': severityColor },
    },
  ]
  if (font) {
    out.push({ id: `${source}-count`, type: 'symbol', source, filter: ['has', 'point_count'], layout: { 'text-field': ['get', 'point_count_abbreviated'], 'text-size': 12, 'text-allow-overlap': true, ...text }, paint: { 'text-color': p.color('text') } })
  }
  out.push({
    id: `${source}-point`,
    type: 'symbol',
    source,
    filter: ['!', ['has', 'point_count']],
    layout: { 'icon-image': ['get', 'icon'], 'icon-size': ['interpolate', ['linear'], ['zoom'], 8, 0.72, 11, 1, 15, 1.35], 'icon-allow-overlap': true, 'icon-ignore-placement': true, 'symbol-sort-key': ['get', 'sort'] },
  })
  if (font) {
    out.push({
      id: `${source}-label`,
      type: 'symbol',
      source,
      minzoom: 11.5,
      filter: ['all', ['!', ['has', 'point_count']], ['!=', ['get', 'label'], '']],
      layout: { 'text-field': ['get', 'label'], 'text-size': 11, 'text-offset': [0, 1.15], 'text-anchor': 'top', 'text-optional': true, 'symbol-sort-key': ['-', 100, ['get', 'sort']], ...text },
      paint: { 'text-color': p.color('text'), 'text-halo-color': p.color('halo'), 'text-halo-width': 1.4 },
    })
  }
  return out
}

/** fontOf is the font stack that the base map's own labels use. */
export function fontOf(style: { layers?: LayerSpecification[]; glyphs?: unknown } | undefined): string[] | undefined {
  if (!style?.glyphs) return undefined
  for (const l of style.layers ?? []) {
    const f = l.type === 'symbol' ? l.layout?.['text-font'] : undefined
    if (Array.isArray(f) && f.every((x) => typeof x === 'string')) return f as string[]
  }
  return undefined
}
