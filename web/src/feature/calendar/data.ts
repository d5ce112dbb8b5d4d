// The working calendar as the API answers, laid out as months of weeks.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import type { CalendarDay, CalendarYear, DueAnswer } from '@/api/calendar'
import { get } from '@/api/client'

export const kinds = ['workday', 'weekend', 'holiday', 'compensation', 'makeup'] as const

export const useYear = (year: Ref<number>) => useQuery({ queryKey: computed(() => ['calendar', year.value]), queryFn: ({ signal }) => get<CalendarYear>('calendar', { year: year.value }, signal), placeholderData: keepPreviousData })
export interface DueQuery { received: string; n: number; unit: 'day' | 'hour' }
export const useDue = (query: Ref<DueQuery | null>) => useQuery({ queryKey: computed(() => ['calendar', 'compute', query.value]), queryFn: ({ signal }) => get<DueAnswer>('calendar/compute', { ...query.value }, signal), enabled: computed(() => query.value !== null), placeholderData: keepPreviousData })

export interface Month { month: number; weeks: (CalendarDay | null)[][] }

/** months lays the days of a year out in weeks from Monday; cells outside the month are null. */
export function months(days: CalendarDay[]): Month[] {
  const out: Month[] = Array.from({ length: 12 }, (_, i) => ({ month: i + 1, weeks: [] }))
  for (const d of days) {
    const month = out[Number(d.date.slice(5, 7)) - 1]
    if (!month) continue
    if (month.weeks.length === 0 || d.weekday === 1) month.weeks.push(Array<CalendarDay | null>(7).fill(null))
    const week = month.weeks.at(-1)
    if (week) week[d.weekday - 1] = d
  }
  return out
}

/** special are the days that are not what their weekday says: what the list names. */
export const special = (days: CalendarDay[]): CalendarDay[] => days.filter((d) => d.kind === 'holiday' || d.kind === 'compensation' || d.kind === 'makeup' || d.status === 'unconfirmed' || d.city || d.works !== d.weekday < 6)

/** runs joins days that follow each other and are of one kind, name and source: "14/02–22/02". */
export function runs(days: CalendarDay[]): { first: CalendarDay; last: CalendarDay; n: number }[] {
  const out: { first: CalendarDay; last: CalendarDay; n: number }[] = []
  for (const d of days) {
    const run = out.at(-1)
    const same = run && run.last.kind === d.kind && run.last.name.vi === d.name.vi && run.last.source === d.source && run.last.status === d.status && run.last.city === d.city
    if (same && Date.parse(d.date) - Date.parse(run.last.date) === 86_400_000) Object.assign(run, { last: d, n: run.n + 1 })
    else out.push({ first: d, last: d, n: 1 })
  }
  return out
}

/** dateText is 14/02 of a date, with the year where it is wanted. */
export const dateText = (date: string, year = false): string => `${date.slice(8, 10)}/${date.slice(5, 7)}${year ? `/${date.slice(0, 4)}` : ''}`

/** lunarMark is what a cell shows of the lunar date: the day, with the month on its first. */
export const lunarMark = (lunar: string): string => (lunar.startsWith('1/') ? lunar : (lunar.split('/')[0] ?? ''))
