// The watch as the API answers, and the days of its roster.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get } from '@/api/client'
import type { DutyAddress, DutyNow, DutyPerson, DutyUnit, Handover, LogEntry, OnDuty, Responsibility, Shift } from '@/api/duty'
import { Problem } from '@/api/problem'
import type { Unit } from '@/api/types'
import { toLocal } from '@/lib/local'
import { startOfDay } from '@/lib/when'

export const posts = ['lead', 'officer', 'on_call'] as const
export const patterns = ['three_shifts', 'day_on_call', 'round_the_clock'] as const

export const useDutyNow = () => useQuery({ queryKey: ['duty', 'now'], queryFn: ({ signal }) => get<DutyNow>('duty/now', {}, signal), refetchInterval: 30_000 })
export const useShifts = (from: Ref<string>, to: Ref<string>) => useQuery({ queryKey: computed(() => ['duty', 'shifts', from.value, to.value]), queryFn: ({ signal }) => get<{ shifts: Shift[] | null }>('duty/shifts', { from: from.value, to: to.value }, signal), placeholderData: keepPreviousData })
export const useLog = (from: Ref<string>, to: Ref<string>, q: Ref<string>) => useQuery({ queryKey: computed(() => ['duty', 'log', from.value, to.value, q.value]), queryFn: ({ signal }) => get<{ entries: LogEntry[] | null }>('duty/log', { from: from.value, to: to.value, q: q.value, limit: 1000 }, signal), placeholderData: keepPreviousData, refetchInterval: 30_000 })
export const useHandovers = () => useQuery({ queryKey: ['duty', 'handovers'], queryFn: ({ signal }) => get<{ handovers: Handover[] | null }>('duty/handovers', { limit: 20 }, signal) })
export const usePeople = () => useQuery({ queryKey: ['duty', 'people'], queryFn: ({ signal }) => get<{ people: DutyPerson[] | null }>('duty/people', {}, signal), staleTime: 300_000 })
export const useUnits = () => useQuery({ queryKey: ['duty-units'], queryFn: ({ signal }) => get<{ units: DutyUnit[] | null }>('duty/units', {}, signal), staleTime: 3_600_000 })
export const useAreas = () => useQuery({ queryKey: ['units'], queryFn: ({ signal }) => get<{ units: Unit[] | null }>('units', {}, signal), staleTime: 3_600_000 })
export const useResponsibilities = () => useQuery({ queryKey: ['duty', 'responsibilities'], queryFn: ({ signal }) => get<{ responsibilities: Responsibility[] | null }>('duty/responsibilities', {}, signal) })
export const useAddress = (query: Ref<Record<string, string | number>>, on: Ref<boolean>) => useQuery({ queryKey: computed(() => ['duty', 'address', query.value]), queryFn: ({ signal }) => get<DutyAddress>('duty/address', query.value, signal), enabled: on, placeholderData: keepPreviousData })

export const asProblem = (err: unknown, unknown: string): Problem => (err instanceof Problem ? err : new Problem(0, 'unknown', unknown))
export const message = (err: unknown, unknown: string): string => (err instanceof Problem && err.detail !== '' ? err.detail : unknown)

const dayMs = 86_400_000

/** monday is the city's midnight of the Monday at or before t, in ms. */
export function monday(t: number): number {
  const day = startOfDay(t)
  const weekday = new Date(Date.parse(`${toLocal(day).slice(0, 10)}T00:00:00Z`)).getUTCDay()
  return startOfDay(day - ((weekday + 6) % 7) * dayMs + dayMs / 2)
}

export interface RosterDay { at: number; shifts: Shift[] }

/** days lays shifts out on n days from a midnight; a shift stands on the day on which it begins. */
export function days(shifts: Shift[], from: number, n: number): RosterDay[] {
  return Array.from({ length: n }, (_, i) => {
    const at = startOfDay(from + i * dayMs + dayMs / 2)
    const end = startOfDay(at + dayMs * 1.5)
    return { at, shifts: shifts.filter((s) => Date.parse(s.from) >= at && Date.parse(s.from) < end).sort((a, b) => a.from.localeCompare(b.from)) }
  })
}

/** hours counts for each person the hours of the shifts shown, the busiest first. */
export function hours(shifts: Shift[]): { user: string; name: string; hours: number; shifts: number }[] {
  const out = new Map<string, { user: string; name: string; hours: number; shifts: number }>()
  for (const s of shifts) {
    for (const p of s.people ?? []) {
      const was = out.get(p.user) ?? { user: p.user, name: p.name, hours: 0, shifts: 0 }
      out.set(p.user, { ...was, hours: was.hours + (Date.parse(s.to) - Date.parse(s.from)) / 3_600_000, shifts: was.shifts + 1 })
    }
  }
  return [...out.values()].sort((a, b) => b.hours - a.hours)
}

/** corrected are the ids of entries that a later one corrects. */
export const corrected = (entries: LogEntry[]): Map<string, LogEntry> => new Map(entries.flatMap((e) => (e.corrects ? [[e.corrects, e] as const] : [])))

export const byPost = (people: OnDuty[] | null | undefined): OnDuty[] => [...(people ?? [])].sort((a, b) => posts.indexOf(a.post) - posts.indexOf(b.post))
export const progress = (s: Shift, now: number): number => (now - Date.parse(s.from)) / (Date.parse(s.to) - Date.parse(s.from))
