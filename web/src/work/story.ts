// The story of an incident or a task as items of a timeline.
import { ArrowRight, Ban, Check, CheckCheck, CirclePlus, Clock, Combine, Flag, ListChecks, MessageSquare, Pencil, RotateCcw, Split, TrendingUp, Undo2, Users } from 'lucide-vue-next'
import type { Component } from 'vue'
import type { Entry } from '@/api/incident'
import type { Words } from '@/i18n/use'
import type { TimelineItem } from '@/ui/timeline'

const icons: Record<string, Component> = { propose: CirclePlus, open: CirclePlus, confirm: Check, dismiss: Ban, lead: Users, resolve: CheckCheck, close: CheckCheck, reopen: RotateCcw, merge: Combine, split: Split, severity: Flag, edit: Pencil, sop: ListChecks, message: MessageSquare, comment: MessageSquare, give: CirclePlus, accept: Check, return: Undo2, start: ArrowRight, progress: TrendingUp, extend: Clock, grant: Check, refuse: Ban, finish: CheckCheck, redo: RotateCcw, cancel: Ban, readdress: Users }
const tones: Record<string, NonNullable<TimelineItem['tone']>> = { resolve: 'good', close: 'good', finish: 'good', confirm: 'good', cancel: 'sev-4', dismiss: 'sev-4', return: 'sev-3', refuse: 'sev-3', extend: 'sev-2', redo: 'sev-2', reopen: 'sev-2', propose: 'accent', give: 'accent', open: 'accent' }

export interface StoryItem extends TimelineItem { entry: Entry }

/** The steps that the catalogue has words for. */
const ofTask = ['give', 'accept', 'return', 'start', 'progress', 'extend', 'grant', 'refuse', 'finish', 'confirm', 'redo', 'cancel', 'comment', 'readdress', 'open']
const ofIncident = ['propose', 'open', 'confirm', 'dismiss', 'lead', 'resolve', 'close', 'reopen', 'merge', 'split', 'add_alerts', 'remove_alerts', 'severity', 'edit', 'absorb', 'sop', 'sop_assign', 'sop_late', 'message', 'readdress', ...ofTask.filter((s) => !['open', 'confirm', 'readdress'].includes(s))]

/** story turns entries into items; head is "incident" or "task", where the words lie. */
export function story(entries: Entry[], w: Pick<Words, 't' | 'exact'>, head: 'incident' | 'task'): StoryItem[] {
  const heads = { incident: ofIncident, task: ofTask }
  return entries.map((e) => {
    const title = !heads[head].includes(e.step) ? e.step : head === 'task' ? w.t(`task.told.${e.step}`) : w.t(`incident.told.${e.step}`)
    const percent = e.data?.['percent']
    const until = e.data?.['until'] ?? e.data?.['due']
    const extra = [typeof percent === 'number' ? `${percent} %` : '', typeof until === 'string' ? w.t('task.until', { time: w.exact(until) }) : ''].filter(Boolean).join(' · ')
    return {
      id: e.id, at: e.at, title: extra ? `${title} · ${extra}` : title, icon: icons[e.step] ?? Pencil, tone: tones[e.step] ?? 'neutral', entry: e,
      who: e.actor?.name ?? w.t('task.system'), ...(e.comment ? { text: e.comment } : {}),
    }
  })
}
