// How lists of tasks are counted, grouped and sorted: pure, tested.
import { type BoardRow, type Standing, standings, type Task } from '@/api/incident'
import { compare } from '@/lib/collate'
import { byUrgency } from '@/work/task'

/** The standings of work that is not over. */
export const unfinished: Standing[] = ['late', 'due_soon', 'on_time', 'waiting']

/** counts tells how many tasks stand how. */
export function counts(tasks: Pick<Task, 'standing'>[]): Record<Standing, number> {
  const out = { on_time: 0, due_soon: 0, late: 0, waiting: 0, done: 0 }
  for (const t of tasks) out[t.standing]++
  return out
}

/** groups puts tasks under their standing, the most urgent first; empty groups are left out. */
export function groups(tasks: Task[], of: Standing[] = unfinished): { standing: Standing; tasks: Task[] }[] {
  return of.map((standing) => ({ standing, tasks: tasks.filter((t) => t.standing === standing).sort(byUrgency) })).filter((g) => g.tasks.length > 0)
}

/** newcomers are those that nobody has accepted yet. */
export const newcomers = (tasks: Task[]): Task[] => tasks.filter((t) => t.state === 'sent')

/** sortBoard orders the rows of the board by a column, "-late" the other way round; ties by name. */
export function sortBoard(rows: BoardRow[], sort: string): BoardRow[] {
  const key = sort.replace(/^-/, '')
  const sign = sort.startsWith('-') ? -1 : 1
  const value = (r: BoardRow): number => (key === 'total' || (standings as readonly string[]).includes(key) ? r[key as Standing | 'total'] : 0)
  return [...rows].sort((a, b) => (key === 'name' ? sign * compare(a.name, b.name) : sign * (value(a) - value(b)) || compare(a.name, b.name)))
}

/** readOrigin takes what the dialog starts with from the address; nonsense is left out. */
export function readOrigin(query: Record<string, unknown>): { alert?: string; indicator?: string; lon?: number; lat?: number; title?: string; place?: string; link?: string; units?: string[] } {
  const text = (k: string): string => (typeof query[k] === 'string' ? (query[k] as string).slice(0, 200) : '')
  const lon = Number.parseFloat(text('lon'))
  const lat = Number.parseFloat(text('lat'))
  const there = Math.abs(lon) <= 180 && Math.abs(lat) <= 90
  const link = text('link')
  return {
    ...(text('alert') ? { alert: text('alert') } : {}),
    ...(text('indicator') ? { indicator: text('indicator') } : {}),
    ...(there ? { lon, lat } : {}),
    ...(text('title') ? { title: text('title') } : {}),
    ...(text('place') ? { place: text('place') } : {}),
    ...(/^\/(?!\/)/.test(link) ? { link } : {}), // an address of this interface, nothing else
    ...(text('unit') ? { units: [text('unit')] } : {}),
  }
}
