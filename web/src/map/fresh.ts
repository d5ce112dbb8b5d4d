// What the live stream adds to the layers before the server is asked again:
// the newest readings themselves, and a ring for a moment around the stations
// that have just reported.
import { computed, onScopeDispose, ref, type ComputedRef, type Ref, shallowRef, triggerRef } from 'vue'
import type { Feature } from '@/api/types'
import { now as present } from '@/lib/now'
import { type ObservationDelta, observationsOf, useLive } from '@/live'
import type { Overlay } from './overlay'

const glow = 1500
const most = 24 // more rings than this say nothing
const recent = 30 * 60_000 // history that is being filled in is no news
const estimatedBit = 1 // sensing.Estimated

/**
 * withLatest puts newer readings into the features whose value is a reading.
 * Rain is a sum over a period, which one reading cannot tell, and the class
 * of a value is the server's to say: both come with the next answer.
 */
export function withLatest(overlays: Overlay[], latest: ReadonlyMap<string, ObservationDelta>): Overlay[] {
  if (latest.size === 0) return overlays
  return overlays.map((o) => {
    let changed = false
    const features = o.features.map((f): Feature => {
      const obs = f.datastream && f.unit !== 'mm' ? latest.get(f.datastream) : undefined
      if (!obs || (f.as_of && Date.parse(f.as_of) >= obs.t)) return f
      changed = true
      const { phrase: _old, original_time: _then, ...rest } = f
      return { ...rest, value: obs.v, as_of: new Date(obs.t).toISOString(), estimated: (obs.f & estimatedBit) !== 0, stale: false }
    })
    return changed ? { ...o, features } : o
  })
}

/** useLatest follows the observations while live is true. */
export function useLatest(overlays: Ref<Overlay[]>, live: Ref<boolean>): { overlays: ComputedRef<Overlay[]>; fresh: ComputedRef<[number, number][]> } {
  const latest = shallowRef(new Map<string, ObservationDelta>())
  const seen = ref(new Map<string, number>())
  useLive('observations', (e) => {
    if (e.kind === 'snapshot' || !live.value) return
    const now = Date.now()
    const limit = present() - recent
    const next = new Map(seen.value)
    for (const o of observationsOf(e.data)) {
      if (o.t <= limit) continue
      latest.value.set(o.ds, o)
      next.set(o.thing, now)
    }
    triggerRef(latest)
    seen.value = new Map([...next].slice(-most))
  })
  const timer = setInterval(() => {
    if (seen.value.size === 0) return
    const limit = Date.now() - glow
    seen.value = new Map([...seen.value].filter(([, t]) => t > limit))
  }, 500)
  onScopeDispose(() => clearInterval(timer))
  return {
    overlays: computed(() => (live.value ? withLatest(overlays.value, latest.value) : overlays.value)),
    fresh: computed(() =>
      !live.value || seen.value.size === 0 ? [] : overlays.value.filter((o) => o.layer.geometry === 'point').flatMap((o) => o.features.filter((f) => f.thing && seen.value.has(f.thing)).map((f): [number, number] => [f.lon, f.lat])),
    ),
  }
}
