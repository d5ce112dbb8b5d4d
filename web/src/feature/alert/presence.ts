// Who else looks at an alert: we tell that we do, and hear of the others.
import { computed, type ComputedRef, onScopeDispose, type Ref, shallowRef, watch } from 'vue'
import type { Viewer } from '@/api/alert'
import { post } from '@/api/client'
import { useLive } from '@/live'
import { session } from '@/session'

const beat = 15_000

/** usePresence tells the server that this alert is looked at, every 15 seconds. */
export function usePresence(id: Ref<string>): ComputedRef<Viewer[]> {
  const viewers = shallowRef<Viewer[]>([])
  async function tell(): Promise<void> {
    const asked = id.value
    if (!asked || document.hidden) return
    try {
      const out = await post<{ viewers: Viewer[] | null }>(`alerts/${encodeURIComponent(asked)}/viewing`)
      if (asked === id.value) viewers.value = out.viewers ?? []
    } catch {
      // who else looks is a courtesy: without it the page still works
    }
  }
  watch(id, () => {
    viewers.value = []
    void tell()
  }, { immediate: true })
  const timer = setInterval(() => void tell(), beat)
  onScopeDispose(() => clearInterval(timer))
  useLive('presence', (e) => {
    const d = e.data as { alert?: string; viewers?: Viewer[] | null } | null
    if (d?.alert === id.value) viewers.value = d.viewers ?? []
  })
  return computed(() => viewers.value.filter((v) => v.id !== session.value?.user.id))
}
