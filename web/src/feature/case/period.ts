// Periods of the scoreboard in the city's time zone: a day, a Monday week, a
// month, a quarter, a year, or a span of one's own. Days are texts, 2026-11-26;
// to is the first day that no longer belongs to the period.
import { fromLocal, toLocal } from '@/lib/local'

export const periodKinds = ['day', 'week', 'month', 'quarter', 'year', 'span'] as const
export type PeriodKind = (typeof periodKinds)[number]
export interface Span { from: string; to: string }

const shape = /^\d{4}-\d{2}-\d{2}$/

/** isDay is true for a day that the calendar has. */
export const isDay = (text: string): boolean => shape.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && new Date(`${text}T00:00:00Z`).toISOString().slice(0, 10) === text

/** dayOf is the city's day of an instant. */
export const dayOf = (ms: number): string => toLocal(ms).slice(0, 10)

/** instant is the city's midnight at the start of a day. */
export const instant = (day: string): number => fromLocal(`${day}T00:00`) ?? Number.NaN

const utc = (day: string): Date => new Date(`${day}T00:00:00Z`)
const text = (d: Date): string => d.toISOString().slice(0, 10)

/** addDays is n days later, by the calendar. */
export function addDays(day: string, n: number): string {
  const d = utc(day)
  d.setUTCDate(d.getUTCDate() + n)
  return text(d)
}

/** addMonths keeps to the first of a month; periods begin there. */
function addMonths(first: string, n: number): string {
  const d = utc(first)
  d.setUTCMonth(d.getUTCMonth() + n)
  return text(d)
}

const months: Record<string, number> = { month: 1, quarter: 3, year: 12 }

/** spanOf is the period of that kind in which the day lies. A span of one's own has none. */
export function spanOf(kind: Exclude<PeriodKind, 'span'>, day: string): Span {
  const d = utc(day)
  if (kind === 'day') return { from: day, to: addDays(day, 1) }
  if (kind === 'week') {
    const from = addDays(day, -((d.getUTCDay() + 6) % 7))
    return { from, to: addDays(from, 7) }
  }
  const length = months[kind] ?? 1
  const month = Math.floor(d.getUTCMonth() / length) * length
  const from = text(new Date(Date.UTC(d.getUTCFullYear(), month, 1)))
  return { from, to: addMonths(from, length) }
}

/** step is a day in the period n periods later, for the arrows beside the picker. */
export function step(kind: Exclude<PeriodKind, 'span'>, day: string, n: number): string {
  const { from } = spanOf(kind, day)
  if (kind === 'day') return addDays(from, n)
  if (kind === 'week') return addDays(from, 7 * n)
  return addMonths(from, n * (months[kind] ?? 1))
}

/** lastDay is the last one that belongs to the span, as people name it. */
export const lastDay = (s: Span): string => addDays(s.to, -1)

/** weekOf is the ISO week, which Vietnam counts by: the one that holds the Thursday. */
export function weekOf(day: string): { year: number; week: number } {
  const thursday = utc(addDays(spanOf('week', day).from, 3))
  const year = thursday.getUTCFullYear()
  return { year, week: 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * 86_400_000)) }
}
