// Layers from the server: the list of them, and the features of those that
// are shown, at an instant.
import { keepPreviousData, useQueries, useQuery } from '@tanstack/vue-query'
import { computed, type ComputedRef, type Ref } from 'vue'
import { get } from '@/api/client'
import type { Layer, LayerFeatures } from '@/api/types'
import type { Overlay } from './overlay'

const none: Layer[] = []

export function useLayerList(): { layers: ComputedRef<Layer[]>; error: Readonly<Ref<unknown>>; loading: Readonly<Ref<boolean>> } {
  const { data, error, isLoading } = useQuery({ queryKey: ['layers'], queryFn: ({ signal }) => get<{ layers: Layer[] | null }>('layers', {}, signal), staleTime: 60_000 })
  return { layers: computed(() => data.value?.layers ?? none), error, loading: isLoading }
}

/**
 * layerQuery is what useOverlays asks; the time slider fetches ahead with it.
 * Points are keyed "layer" and follow the live topic; areas are keyed "area":
 * they carry their outlines and change slowly, so they are asked for by the
 * clock. The past does not change while one looks at it.
 */
export const layerQuery = (layer: Layer, at: string) => ({
  queryKey: [layer.geometry === 'polygon' ? 'area' : 'layer', layer.id, at] as const,
  queryFn: ({ signal }: { signal: AbortSignal }) => get<LayerFeatures>(`layers/${encodeURIComponent(layer.id)}`, { at }, signal),
  staleTime: at === '' ? 2_000 : 5 * 60_000,
})

/** useOverlays gives the features of the visible layers at an instant, "" for now. */
export function useOverlays(layers: Ref<Layer[]>, visible: Ref<string[]>, at: Ref<string>): { overlays: ComputedRef<Overlay[]>; asOf: ComputedRef<string>; error: ComputedRef<unknown>; loading: ComputedRef<boolean> } {
  const shown = computed(() => layers.value.filter((l) => visible.value.includes(l.id)))
  const results = useQueries({
    queries: computed(() => shown.value.map((l) => ({ ...layerQuery(l, at.value), placeholderData: keepPreviousData, ...(at.value === '' ? { refetchInterval: 30_000 } : {}) }))),
  })
  return {
    overlays: computed(() => shown.value.map((layer, i) => ({ layer, features: results.value[i]?.data?.features ?? [] }))),
    asOf: computed(() => results.value.find((r) => r.data)?.data?.at ?? ''),
    error: computed(() => results.value.find((r) => r.error)?.error ?? null),
    loading: computed(() => results.value.some((r) => r.isLoading)),
  }
}
