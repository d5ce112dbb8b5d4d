// Alerts as points of a map: the state is the severity.
import type { Alert } from '@/api/alert'
import type { Feature, Layer } from '@/api/types'
import type { Overlay } from '@/map/overlay'

const same = (s: string): { vi: string; en: string } => ({ vi: s, en: s })

/** alertLayer is the layer that the alerts are drawn in. */
export const alertLayer: Layer = {
  id: 'alerts', service: 'alert', title: { vi: 'Cảnh báo', en: 'Alerts' }, geometry: 'point', on: true, columns: null, count: 0,
  legend: ([1, 2, 3, 4] as const).map((severity) => ({ state: String(severity), title: same(''), severity, color: `sev-${severity}` })),
}

/** overlayOf puts those that have a place on the map; what has no value has nothing written beside it. */
export function overlayOf(alerts: Alert[]): Overlay {
  return {
    layer: alertLayer,
    features: alerts.flatMap((a): Feature[] => (a.lon === null || a.lat === null ? [] : [{ id: a.id, name: a.place, lon: a.lon, lat: a.lat, value: a.value ?? NaN, unit: a.unit_symbol, as_of: a.since, state: String(a.severity), severity: a.severity, estimated: a.estimated, ...(a.thing ? { thing: a.thing } : {}) }])),
  }
}
