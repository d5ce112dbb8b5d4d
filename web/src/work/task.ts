// What units are charged with: which step somebody may take, which one is
// the next, how long a deadline may be. Pure, so that it can be tested.
import type { Task, TaskStep } from '@/api/incident'
import { fromLocal, toLocal } from '@/lib/local'

/** Who looks at a task: the unit charged with it, or those who gave it. */
export interface Side { answers: boolean; gives: boolean }

const closed = ['confirmed', 'cancelled']

/**
 * stepsOf are the steps that the person may take now, the next one first. The
 * server has the last word; a list without "allowed" beside each row needs
 * them to show its one action.
 */
export function stepsOf(task: Pick<Task, 'state' | 'extension'>, side: Side): TaskStep[] {
  const out: TaskStep[] = []
  if (side.answers) {
    if (task.state === 'sent') out.push('accept', 'return')
    if (task.state === 'accepted') out.push('start', 'progress', 'finish')
    if (task.state === 'in_progress') out.push('finish', 'progress')
    if (['accepted', 'in_progress'].includes(task.state)) out.push(...(task.extension ? [] : (['extend'] as const)), 'return')
  }
  if (side.gives) {
    if (task.state === 'finished') out.push('confirm', 'redo')
    if (task.extension && !closed.includes(task.state)) out.push('grant', 'refuse')
    if (task.state === 'returned') out.push('readdress')
    if (['sent', 'accepted', 'in_progress'].includes(task.state)) out.push('readdress')
    if (!closed.includes(task.state) && task.state !== 'finished') out.push('cancel')
  }
  if (!closed.includes(task.state)) out.push('comment')
  return out
}

/** sideOf tells on which side of a task the person stands. */
export function sideOf(task: Pick<Task, 'unit' | 'kind' | 'given_by'>, me: { id: string; unit: string; permissions: string[] }): Side {
  return {
    answers: me.permissions.includes('task.answer') && (me.unit === '' || me.unit === task.unit),
    // A directive is answered for by the one who gave it.
    gives: task.kind === 'directive' ? me.permissions.includes('directive.give') && (!task.given_by || task.given_by.id === me.id) : me.permissions.includes('incident.handle'),
  }
}

/** Steps that must say why. */
export const needsReason = (step: TaskStep): boolean => ['return', 'extend', 'refuse', 'redo', 'cancel'].includes(step)

/** Steps that take one click: nothing to fill in. */
export const immediate = (step: TaskStep): boolean => step === 'accept' || step === 'start' || step === 'grant'

export interface Preset { id: string; at: number }

/** presets are the deadlines that are given most: in minutes and hours, at the end of today and tomorrow. */
export function presets(now: number): Preset[] {
  const minute = 60_000
  const up = (t: number): number => Math.ceil(t / (5 * minute)) * 5 * minute
  const day = toLocal(now).slice(0, 10)
  const evening = fromLocal(`${day}T17:00`) ?? now
  const next = fromLocal(`${toLocal(now + 24 * 60 * minute).slice(0, 10)}T17:00`) ?? now
  const all = [
    { id: 'm30', at: up(now + 30 * minute) },
    { id: 'h1', at: up(now + 60 * minute) },
    { id: 'h2', at: up(now + 120 * minute) },
    { id: 'h4', at: up(now + 240 * minute) },
    { id: 'today', at: evening },
    { id: 'tomorrow', at: next },
    { id: 'd3', at: (fromLocal(`${toLocal(now + 72 * 60 * minute).slice(0, 10)}T17:00`) ?? now) },
  ]
  return all.filter((p) => p.at > now + 10 * minute)
}

/** byUrgency puts first what needs somebody soonest: late, due soon, on time, waiting, done. */
export function byUrgency(a: Pick<Task, 'standing' | 'due'>, b: Pick<Task, 'standing' | 'due'>): number {
  const rank = { late: 0, due_soon: 1, on_time: 2, waiting: 3, done: 4 }
  return rank[a.standing] - rank[b.standing] || Date.parse(a.due) - Date.parse(b.due)
}
