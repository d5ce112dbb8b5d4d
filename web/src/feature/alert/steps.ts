// Taking steps: one alert or many, with what somebody else changed meanwhile,
// and with what failed row by row.
import { useQueryClient } from '@tanstack/vue-query'
import { ref, shallowRef } from 'vue'
import type { Alert, Step, StepBody } from '@/api/alert'
import { Problem } from '@/api/problem'
import { put } from '@/frame/alerts'
import { useWords } from '@/i18n/use'
import { toast } from '@/ui/toast'
import { immediate, takeStep, takeSteps } from './data'

/** useSteps holds the step that is being asked for and takes it. */
export function useSteps() {
  const queries = useQueryClient()
  const w = useWords()
  const step = ref<Step>('comment')
  const targets = shallowRef<Alert[]>([])
  const asking = ref(false)
  const busy = ref(false)
  const error = ref('')
  /** what somebody else changed meanwhile, in the server's words */
  const changed = ref('')
  /** why a row of the last bulk step failed */
  const failed = shallowRef<ReadonlyMap<string, string>>(new Map())

  function said(err: unknown): string {
    if (err instanceof Problem) return err.code === 'network' ? w.t('ui.error_network') : err.errors[0]?.detail || err.detail || w.t('ui.error_status', { status: err.status })
    return w.t('ui.error_unknown')
  }
  const again = (ids: string[]): void => {
    for (const id of ids) void queries.invalidateQueries({ queryKey: ['alert', id] })
    void queries.invalidateQueries({ queryKey: ['alert-summary'] })
  }

  async function one(a: Alert, body: StepBody): Promise<void> {
    try {
      const out = await takeStep(a.id, { ...body, version: a.version })
      put(queries, [out])
      asking.value = false
      toast(w.t('alert.step_done', { step: w.t(`alert.step.${body.step}`), number: a.number }))
    } catch (err) {
      if (err instanceof Problem && err.status === 409) {
        changed.value = err.detail || w.t('alert.changed')
        asking.value = false
        void queries.invalidateQueries({ queryKey: ['alerts'] }) // what the list shows is older than what the server holds
      } else if (asking.value) error.value = said(err)
      else toast(said(err), 'bad')
    }
    again([a.id])
  }

  async function many(list: Alert[], body: StepBody): Promise<void> {
    try {
      const out = await takeSteps(list.map((a) => a.id), body)
      failed.value = new Map((out.failed ?? []).map((f) => [f.id, f.detail || f.code]))
      asking.value = false
      const n = out.done?.length ?? 0
      toast(w.t('alert.bulk_done', { step: w.t(`alert.step.${body.step}`), n: w.num(n), failed: w.num(failed.value.size) }), failed.value.size ? 'bad' : 'good')
      void queries.invalidateQueries({ queryKey: ['alerts'] })
    } catch (err) {
      if (asking.value) error.value = said(err)
      else toast(said(err), 'bad')
    }
    again(list.map((a) => a.id))
  }

  async function take(body: StepBody): Promise<void> {
    if (busy.value || targets.value.length === 0) return
    busy.value = true
    error.value = ''
    const [first, ...rest] = targets.value
    try {
      if (first && rest.length === 0) await one(first, body)
      else await many(targets.value, body)
    } finally {
      busy.value = false
    }
  }

  /** ask begins a step: at once when it asks nothing, with a dialog otherwise. */
  function ask(s: Step, list: Alert[]): void {
    if (list.length === 0) return
    targets.value = list
    step.value = s
    error.value = ''
    changed.value = ''
    failed.value = new Map()
    if (immediate(s)) void take({ step: s })
    else asking.value = true
  }

  return { step, targets, asking, busy, error, changed, failed, take, ask }
}
