// The map's state as it stands in the address bar.
import type { Camera, Pick } from '@/map/MapCanvas.vue'

/** readCamera reads "lon,lat,zoom"; nonsense is undefined. */
export function readCamera(text: string): Camera | undefined {
  const [lon, lat, zoom] = text.split(',').map(Number)
  if (lon === undefined || lat === undefined || zoom === undefined) return undefined
  if (![lon, lat, zoom].every(Number.isFinite) || Math.abs(lat) > 85 || Math.abs(lon) > 180) return undefined
  return { lon, lat, zoom: Math.max(2, Math.min(20, zoom)) }
}

export const writeCamera = (c: Camera): string => `${c.lon.toFixed(4)},${c.lat.toFixed(4)},${c.zoom.toFixed(2)}`

/** readPick reads "layer:id"; ids may hold colons. */
export function readPick(text: string): Pick | null {
  const i = text.indexOf(':')
  return i <= 0 || i === text.length - 1 ? null : { layer: text.slice(0, i), id: text.slice(i + 1) }
}

export const writePick = (p: Pick | null): string => (p ? `${p.layer}:${p.id}` : '')
