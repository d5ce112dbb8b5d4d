// Alerts for the pages: what the address says, how groups fold, which step is
// whose, and the calls.
import { useQuery } from '@tanstack/vue-query'
import { BadgeCheck, Ban, Bell, CheckCheck, CircleCheck, CornerUpLeft, Flag, Hand, MessageSquare, Play, RotateCcw, Send, TrendingUp } from 'lucide-vue-next'
import { type Component, computed, type Ref } from 'vue'
import { type Alert, type AlertDetail, type AlertState, type BulkResult, states, type Step, type StepBody } from '@/api/alert'
import { get, post } from '@/api/client'
import type { DutyUnit } from '@/api/duty'
import type { Level } from '@/api/alert'
import type { Station } from '@/api/types'

export const levels: Level[] = [4, 3, 2, 1]
/** services that the interface has words for */
export const services = ['flood', 'case', 'feedback', 'air', 'vessel', 'camera', 'source'] as const
export const serviceKey = (s: string): (typeof services)[number] | 'other' => services.find((x) => x === s) ?? 'other'

/** Row is an alert in the list: the head of a folded group, one of its rows, or alone. */
export interface Row { alert: Alert; /** how many more the group has in this list */ more: number; open: boolean; child: boolean }

/** foldGroups folds alerts of one group under the first of them, in the order given. */
export function foldGroups(alerts: Alert[], opened: ReadonlySet<string>): Row[] {
  const members = new Map<string, Alert[]>()
  for (const a of alerts) {
    if (!a.group) continue
    const list = members.get(a.group)
    if (list) list.push(a)
    else members.set(a.group, [a])
  }
  const out: Row[] = []
  const seen = new Set<string>()
  for (const alert of alerts) {
    const all = alert.group ? members.get(alert.group) : undefined
    if (!all || all.length === 1) {
      out.push({ alert, more: 0, open: false, child: false })
      continue
    }
    if (seen.has(alert.group)) continue
    seen.add(alert.group)
    const open = opened.has(alert.group)
    out.push({ alert, more: all.length - 1, open, child: false })
    if (open) for (const a of all.slice(1)) out.push({ alert: a, more: 0, open: false, child: true })
  }
  return out
}

/** Stage is one station of an alert's life, as the stepper draws it. */
export interface Stage { state: AlertState; at: string | null; who: string; reached: boolean; current: boolean }

/** stagesOf lays the timeline over the states: when each was last entered, and by whom. */
export function stagesOf(detail: Pick<AlertDetail, 'alert' | 'timeline'>): Stage[] {
  const here = states.indexOf(detail.alert.state)
  return states.map((state, i) => {
    const entry = (detail.timeline ?? []).filter((e) => e.to === state && e.from !== state).at(-1)
    return { state, at: entry?.at ?? (state === 'new' ? detail.alert.raised_at : null), who: entry?.actor?.name ?? '', reached: detail.alert.state === 'closed' ? entry !== undefined || state === 'new' || state === 'closed' : i <= here, current: i === here }
  })
}

export const stepIcon: Record<Step | 'raise' | 'other', Component> = {
  raise: Bell, acknowledge: Hand, verify: BadgeCheck, dispatch: Send, accept: CircleCheck, return: CornerUpLeft, start: Play, finish: Flag, check: CheckCheck, close: Ban, reopen: RotateCcw, comment: MessageSquare, escalate: TrendingUp, other: Bell,
}
export const iconOf = (step: string): Component => stepIcon[(step in stepIcon ? step : 'other') as Step]

/** mainStep is the one that is done next in the ordinary course; it is the button in colour. */
export function mainStep(allowed: readonly Step[], state: AlertState): Step | undefined {
  const course: Record<AlertState, Step[]> = { new: ['acknowledge'], acknowledged: ['verify', 'dispatch'], verified: ['dispatch', 'close'], dispatched: ['accept'], accepted: ['start'], in_progress: ['finish'], done: ['check'], checked: ['close'], closed: ['reopen'] }
  return course[state].find((s) => allowed.includes(s))
}

/** stateTone is the tone of a state's badge. */
export const stateTone = (s: AlertState): 'sev-3' | 'good' | 'neutral' | 'accent' => (s === 'new' ? 'sev-3' : s === 'done' || s === 'checked' ? 'good' : s === 'closed' ? 'neutral' : 'accent')

/** immediate steps ask nothing. */
export const immediate = (step: Step): boolean => step === 'acknowledge' || step === 'accept' || step === 'start'
/** needsReason is where somebody is owed an explanation. */
export const needsReason = (b: Pick<StepBody, 'step' | 'verdict' | 'ok'>): boolean => b.step === 'return' || b.step === 'comment' || (b.step === 'verify' && b.verdict === 'false') || (b.step === 'check' && b.ok === false)

export const useAlert = (id: Ref<string>) => useQuery({ queryKey: computed(() => ['alert', id.value]), queryFn: ({ signal }) => get<AlertDetail>(`alerts/${encodeURIComponent(id.value)}`, {}, signal), enabled: computed(() => id.value !== '') })
export const useStation = (thing: Ref<string>) => useQuery({ queryKey: computed(() => ['station', thing.value]), queryFn: ({ signal }) => get<Station>(`stations/${encodeURIComponent(thing.value)}`, {}, signal), enabled: computed(() => thing.value !== ''), staleTime: 60_000, refetchInterval: 60_000 })
export const useUnits = () => useQuery({ queryKey: ['duty', 'units'], queryFn: ({ signal }) => get<{ units: DutyUnit[] | null }>('duty/units', {}, signal), staleTime: 10 * 60_000 })
export const takeStep = (id: string, body: StepBody): Promise<Alert> => post<Alert>(`alerts/${encodeURIComponent(id)}/steps`, body)
export const takeSteps = (ids: string[], body: StepBody): Promise<BulkResult> => post<BulkResult>('alerts/steps', { ids, ...body })

/** Keys of the list, by the letter pressed. */
export const keyStep: Record<string, Step> = { a: 'acknowledge', v: 'verify', d: 'dispatch', c: 'close' }
