// From the city down: city → unit → officer → file, each step an address.
// Three clicks from the city's figures to the timeline of one file.
import type { BoardBy } from '@/api/case'

export type Query = Record<string, string>
/** The filters that narrow a scoreboard, from wide to narrow. */
export const narrowers = ['unit', 'field', 'procedure', 'channel', 'officer'] as const
export interface Crumb { key: (typeof narrowers)[number] | 'city' | 'file'; value: string; to: { path: string; query: Query } | null }

/** What is looked at next, once one row has been chosen: a unit has officers, a field has procedures; an officer has files. */
const next: Record<BoardBy, BoardBy | 'files'> = { unit: 'officer', officer: 'files', field: 'procedure', procedure: 'unit', channel: 'unit' }

/** carried are the parts of the address that go along: the period and the instant. */
const carried = ['period', 'day', 'from', 'to', 'at'] as const

/** period keeps what belongs to the period in an address. */
export function period(query: Query): Query {
  return Object.fromEntries(carried.flatMap((k) => (query[k] ? [[k, query[k]]] : [])))
}

function narrowed(query: Query): Query {
  return Object.fromEntries(narrowers.flatMap((k) => (query[k] ? [[k, query[k]]] : [])))
}

/** down is the address behind a row: the next scoreboard, or the files. */
export function down(by: BoardBy, key: string, query: Query): { path: string; query: Query } {
  const q: Query = { ...period(query), ...narrowed(query), [by]: key }
  let then = next[by]
  // Do not ask again for what is already said.
  if (then === 'unit' && q['unit']) then = q['officer'] ? 'files' : 'officer'
  if (then === 'procedure' && q['procedure']) then = 'files'
  if (then === 'officer' && q['officer']) then = 'files'
  return then === 'files' ? { path: '/cases', query: q } : { path: '/cases/board', query: { ...q, by: then } }
}

/** files is the address of the files behind a figure of a scoreboard. */
export function files(query: Query, extra: Query): { path: string; query: Query } {
  return { path: '/cases', query: { ...period(query), ...narrowed(query), ...extra } }
}

/** crumbs is the way back: the city, then each choice; the last one is where one is. */
export function crumbs(query: Query, file = ''): Crumb[] {
  const out: Crumb[] = []
  let sofar: Query = period(query)
  const chosen = narrowers.filter((k) => query[k])
  out.push({ key: 'city', value: '', to: chosen.length || file ? { path: '/cases/board', query: sofar } : null })
  chosen.forEach((key, i) => {
    const value = query[key] ?? ''
    sofar = { ...sofar, [key]: value }
    const last = i === chosen.length - 1 && !file
    const by = next[key]
    out.push({ key, value, to: last ? null : by === 'files' ? { path: '/cases', query: sofar } : { path: '/cases/board', query: { ...sofar, by } } })
  })
  if (file) out.push({ key: 'file', value: file, to: null })
  return out
}

/** back keeps the drill in the address of a file, so that its page can show the way. */
export const back = (query: Query): Query => ({ ...period(query), ...narrowed(query) })
