// Changing things that others change too: the version goes with the change,
// and when somebody was faster the server says who and what.
import { useQueryClient } from '@tanstack/vue-query'
import { type Ref, ref } from 'vue'
import { Problem } from '@/api/problem'
import { useWords } from '@/i18n/use'
import { toast } from '@/ui/toast'

export interface Acting {
  busy: Ref<boolean>
  /** what somebody else changed meanwhile, in the server's words; "" when nothing */
  changed: Ref<string>
  /** what is wrong with what was asked */
  problem: Ref<Problem | null>
  /** act runs f; true when it worked. What was shown is fetched anew either way. */
  act: (f: () => Promise<unknown>, done?: string) => Promise<boolean>
}

/** useAct runs changes and fetches anew the queries whose keys begin with heads. */
export function useAct(heads: string[], quiet = false): Acting {
  const queries = useQueryClient()
  const w = useWords()
  const busy = ref(false)
  const changed = ref('')
  const problem = ref<Problem | null>(null)
  async function act(f: () => Promise<unknown>, done = ''): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    problem.value = null
    changed.value = ''
    try {
      await f()
      if (done !== '') toast(done)
      return true
    } catch (err) {
      const p = err instanceof Problem ? err : new Problem(0, 'unknown', w.t('ui.error_unknown'))
      if (p.status === 409 && /changed$/.test(p.code)) changed.value = p.detail || w.t('ui.changed')
      else {
        problem.value = p
        if (!quiet) toast(p.errors[0]?.detail || p.detail || w.t(p.code === 'network' ? 'ui.error_network' : 'ui.error_unknown'), 'bad')
      }
      return false
    } finally {
      busy.value = false
      for (const head of heads) void queries.invalidateQueries({ queryKey: [head] })
    }
  }
  return { busy, changed, problem, act }
}
