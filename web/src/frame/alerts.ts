// The open alerts as every page of the frame knows them: how many by
// severity, and what the live topic changes in the lists on the screen. New
// ones are announced in words, colour and sound.
import { keepPreviousData, type QueryClient, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, onScopeDispose, type Ref, ref, shallowRef } from 'vue'
import type { Alert, AlertDetail, AlertPage, AlertRow, AlertSummary } from '@/api/alert'
import { get } from '@/api/client'
import { useWords } from '@/i18n/use'
import { alarm, armSound } from '@/lib/sound'
import { useAgain, useLive } from '@/live'
import { type AlertDelta, type AlertFilter, changesOf, merge, unfold } from '@/live/alert'
import { can } from '@/session'

/** everything is the list that leaves nothing out but what is closed or suppressed. */
export const everything: AlertFilter = { state: '', severity: '', service: '', unit: '', area: '', q: '', open: true, suppressed: false, sort: 'severity' }

/** useAlerts asks for a list once; the live topic keeps it true afterwards. */
export function useAlerts(filter: Ref<AlertFilter>, limit: number) {
  return useQuery({
    queryKey: computed(() => ['alerts', filter.value, limit] as const),
    queryFn: async ({ signal }): Promise<AlertPage> => {
      const page = await get<Omit<AlertPage, 'alerts'> & { alerts: AlertRow[] | null }>('alerts', { ...filter.value, open: filter.value.open || undefined, sort: filter.value.sort === 'raised' ? 'raised' : 'severity', limit, compact: true }, signal)
      return { ...page, alerts: (page.alerts ?? []).map(unfold) }
    },
    placeholderData: keepPreviousData,
    structuralSharing: false, // comparing ten thousand rows deeply costs more than drawing thirty
    staleTime: 60_000,
    refetchInterval: 120_000, // in case the stream lost something
  })
}

export const useAlertSummary = () =>
  useQuery({ queryKey: ['alert-summary'], queryFn: ({ signal }) => get<AlertSummary>('alerts/summary', {}, signal), enabled: computed(() => can('alert.view')), refetchInterval: 30_000 })

/** freshAlerts are those that came a moment ago: they are marked until seen for a while. */
export const freshAlerts = shallowRef<ReadonlySet<string>>(new Set())

/** isNews is whether people should hear of it: raised, and not suppressed. */
export const isNews = (d: AlertDelta): boolean => /^rais/.test(d.kind) && d.alert.suppressed_by === null && d.alert.state === 'new'

/** put folds changed alerts into all lists and details that are held. */
export function put(queries: QueryClient, changes: Alert[]): void {
  for (const [key, page] of queries.getQueriesData<AlertPage>({ queryKey: ['alerts'] })) {
    const filter = key[1] as AlertFilter | undefined
    if (page && filter) queries.setQueryData(key, merge(page, changes, filter))
  }
  for (const a of changes) {
    const held = queries.getQueryData<AlertDetail>(['alert', a.id])
    if (held && a.version >= held.alert.version) queries.setQueryData<AlertDetail>(['alert', a.id], { ...held, alert: { ...a, viewers: held.alert.viewers ?? [] } })
  }
}

const gather = 250 // ms: a storm is folded in a few times a second
const slowest = 2000
const glow = 20_000

/** useAlertWatch follows the live topic; the frame, or a page without frame, calls it once. */
export function useAlertWatch(loudFrom = 1): { announcement: Ref<string>; /** how often something was loud */ alarms: Ref<number> } {
  const queries = useQueryClient()
  const w = useWords()
  const announcement = ref('')
  const alarms = ref(0)
  if (!can('alert.view')) return { announcement, alarms }
  armSound()
  const summaryAgain = useAgain('alert-summary')
  let waiting: AlertDelta[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let heard = false
  let pace = gather
  const glows = new Set<ReturnType<typeof setTimeout>>()

  function flush(): void {
    timer = undefined
    const began = performance.now()
    // What a round costs, drawing included, decides how soon the next may come.
    requestAnimationFrame(() => setTimeout(() => (pace = Math.min(slowest, Math.max(gather, 5 * (performance.now() - began))))))
    const deltas = waiting
    waiting = []
    put(queries, deltas.map((d) => d.alert))
    summaryAgain()
    for (const d of deltas) if (queries.getQueryData(['alert', d.alert.id])) void queries.invalidateQueries({ queryKey: ['alert', d.alert.id] })
    const news = deltas.filter(isNews)
    const worst = [...news].sort((a, b) => b.alert.severity - a.alert.severity)[0]?.alert
    if (!worst) return
    announcement.value = w.t(news.length === 1 ? 'alert.announce_one' : 'alert.announce_many', { n: news.length, severity: w.t(`severity.${worst.severity}`), title: w.say(worst.title), place: worst.place || worst.area_name })
    if (worst.severity >= loudFrom) {
      alarms.value++
      alarm(worst.severity)
    }
    const ids = news.map((d) => d.alert.id)
    freshAlerts.value = new Set([...freshAlerts.value, ...ids])
    const t = setTimeout(() => {
      glows.delete(t)
      freshAlerts.value = new Set([...freshAlerts.value].filter((id) => !ids.includes(id)))
    }, glow)
    glows.add(t)
  }

  useLive('alerts', (e) => {
    if (e.kind === 'snapshot') {
      // After a break the stream begins anew: what was missed must be asked for.
      if (heard) void queries.invalidateQueries({ queryKey: ['alerts'] })
      heard = true
      return
    }
    const changes = changesOf(e.data)
    if (changes.length === 0) return
    waiting.push(...changes)
    timer ??= setTimeout(flush, pace)
  })
  onScopeDispose(() => {
    clearTimeout(timer)
    glows.forEach(clearTimeout)
  })
  return { announcement, alarms }
}
