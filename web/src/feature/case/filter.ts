// The filters of the list, kept in the address.
import { computed, type ComputedRef, type WritableComputedRef } from 'vue'
import { useRoute } from 'vue-router'
import type { Params } from '@/api/client'
import { useQueryParam } from '@/lib/query'
import { usePeriod } from './usePeriod'

export const filterKeys = ['class', 'state', 'unit', 'field', 'procedure', 'channel', 'officer', 'system', 'q', 'problem', 'missing_copy', 'differs'] as const
export type FilterKey = (typeof filterKeys)[number]
export const sorts = ['due', 'late', 'received'] as const

/** Groups of classes that a list may ask for at once. */
export const groups = { open: 'overdue,near_due,in_time,paused', ended: 'late,on_time,early', all: '' } as const
const ends = new Set(['ended', 'late', 'on_time', 'early', 'refused', 'withdrawn', 'stopped'])

/** asked is what the API is asked for a choice of the address. */
export const asked = (cls: string): string => (cls in groups ? groups[cls as keyof typeof groups] : cls)

/**
 * withinPeriod is whether the period of a scoreboard narrows the list too:
 * what has ended, ended in it, and what was received in it where that is asked.
 * What is open is open whenever it came.
 */
export const withinPeriod = (query: Record<string, unknown>): boolean => ['period', 'day', 'from', 'to'].some((k) => typeof query[k] === 'string') && (ends.has(String(query['class'])) || query['received'] === '1')

export interface CaseFilter {
  of: Record<FilterKey, WritableComputedRef<string>>
  sort: WritableComputedRef<string>
  /** what is chosen beside the words searched for */
  narrowed: ComputedRef<boolean>
  /** how many choices there are beside the words */
  count: ComputedRef<number>
  params: ComputedRef<Params>
  clear: () => void
}

export function useFilter(): CaseFilter {
  const route = useRoute()
  const period = usePeriod()
  const of = Object.fromEntries(filterKeys.map((k) => [k, useQueryParam(k, k === 'class' ? 'open' : '')])) as CaseFilter['of']
  const sort = useQueryParam('sort', 'due')
  const at = useQueryParam('at')
  const chosen = computed(() => filterKeys.filter((k) => k !== 'q' && of[k].value !== (k === 'class' ? 'open' : '')))
  const params = computed<Params>(() => ({
    ...Object.fromEntries(filterKeys.map((k) => [k, flags.has(k) ? of[k].value === '1' || undefined : k === 'class' ? asked(of[k].value) : of[k].value])),
    sort: sorts.find((s) => s === sort.value) ?? 'due',
    at: at.value,
    ...between(route.query, period.params.value),
  }))
  const clear = (): void => filterKeys.forEach((k) => (of[k].value = k === 'class' ? 'open' : ''))
  return { of, sort, narrowed: computed(() => chosen.value.length > 0 || of.q.value !== ''), count: computed(() => chosen.value.length), params, clear }
}

const flags = new Set<FilterKey>(['missing_copy', 'differs'])

/** between are the bounds that the API is given: instants as an address says them in full, else those of the period where it narrows the list. */
export function between(query: Record<string, unknown>, period: { from: string; to: string }): Params {
  const full = (v: unknown): string | undefined => (typeof v === 'string' && v.includes('T') ? v : undefined)
  const from = full(query['from'])
  const to = full(query['to'])
  if (from || to) return { from, to }
  return withinPeriod(query) ? { from: period.from, to: period.to } : {}
}
