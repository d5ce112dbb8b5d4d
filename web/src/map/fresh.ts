// The stations that have just reported, as places to ring on the map for a
// moment: it shows that data is moving, nothing else.
import { computed, onScopeDispose, ref, type Ref } from 'vue'
import { now as present } from '@/lib/now'
import { observationsOf, useLive } from '@/live'
import type { Overlay } from './overlay'

const glow = 1500
const most = 24 // more rings than this say nothing
const recent = 30 * 60_000 // history that is being filled in is no news

export function useFresh(overlays: Ref<Overlay[]>): Ref<[number, number][]> {
  const seen = ref(new Map<string, number>())
  useLive('observations', (e) => {
    if (e.kind === 'snapshot') return
    const now = Date.now()
    const limit = present() - recent
    const next = new Map(seen.value)
    for (const o of observationsOf(e.data)) if (o.t > limit) next.set(o.thing, now)
    seen.value = new Map([...next].slice(-most))
  })
  const timer = setInterval(() => {
    if (seen.value.size === 0) return
    const limit = Date.now() - glow
    seen.value = new Map([...seen.value].filter(([, t]) => t > limit))
  }, 500)
  onScopeDispose(() => clearInterval(timer))
  return computed(() =>
    seen.value.size === 0 ? [] : overlays.value.filter((o) => o.layer.geometry === 'point').flatMap((o) => o.features.filter((f) => f.thing && seen.value.has(f.thing)).map((f): [number, number] => [f.lon, f.lat])),
  )
}
