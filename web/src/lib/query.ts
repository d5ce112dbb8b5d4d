// State in the address bar, so that a view can be sent to a colleague.
import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/**
 * useQueryParam is a text kept in the address under name; the fallback is not
 * written. Several may be set in one tick: they are merged into one change.
 */
export function useQueryParam(name: string, fallback = ''): WritableComputedRef<string> {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => {
      const v = route.query[name]
      return typeof v === 'string' ? v : fallback
    },
    set: (v) => change(router, name, v === fallback ? undefined : v),
  })
}

/** useQueryList is a list kept in the address, comma-separated; undefined means not said. */
export function useQueryList(name: string): WritableComputedRef<string[] | undefined> {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => {
      const v = route.query[name]
      return typeof v === 'string' ? v.split(',').filter(Boolean) : undefined
    },
    set: (v) => change(router, name, v?.join(',')),
  })
}

let pending: Map<string, string | undefined> | undefined

function change(router: ReturnType<typeof useRouter>, name: string, value: string | undefined): void {
  if (pending) {
    pending.set(name, value)
    return
  }
  const changes = new Map([[name, value]])
  pending = changes
  queueMicrotask(() => {
    pending = undefined
    const query = { ...router.currentRoute.value.query }
    for (const [key, v] of changes) {
      if (v === undefined) delete query[key]
      else query[key] = v
    }
    void router.replace({ query, hash: router.currentRoute.value.hash })
  })
}
