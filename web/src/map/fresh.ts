// The stations that have just reported, as places to ring on the map for a
// moment: it shows that data is moving, nothing else.
import { computed, onScopeDispose, ref, type Ref } from 'vue'
import { observationsOf, useLive } from '@/live'
import type { Overlay } from './overlay'

const glow = 1500

export function useFresh(overlays: Ref<Overlay[]>): Ref<[number, number][]> {
  const seen = ref(new Map<string, number>())
  useLive('observations', (e) => {
    if (e.kind === 'snapshot') return
    const now = Date.now()
    const next = new Map(seen.value)
    for (const o of observationsOf(e.data)) next.set(o.thing, now)
    seen.value = next
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
