// The filters of the list, kept in the address.
import { computed, type ComputedRef, type WritableComputedRef } from 'vue'
import { useRoute } from 'vue-router'
import type { Params } from '@/api/client'
import { useQueryParam } from '@/lib/query'

export const filterKeys = ['class', 'state', 'unit', 'field', 'procedure', 'channel', 'officer', 'system', 'q', 'problem', 'missing_copy', 'differs'] as const
export type FilterKey = (typeof filterKeys)[number]
export const sorts = ['due', 'late', 'received'] as const

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
  const of = Object.fromEntries(filterKeys.map((k) => [k, useQueryParam(k)])) as CaseFilter['of']
  const sort = useQueryParam('sort', 'due')
  const at = useQueryParam('at')
  const chosen = computed(() => filterKeys.filter((k) => k !== 'q' && of[k].value !== ''))
  const params = computed<Params>(() => ({
    ...Object.fromEntries(filterKeys.map((k) => [k, flags.has(k) ? of[k].value === '1' || undefined : of[k].value])),
    sort: sorts.find((s) => s === sort.value) ?? 'due',
    at: at.value,
    ...received(route.query),
  }))
  const clear = (): void => filterKeys.forEach((k) => (of[k].value = ''))
  return { of, sort, narrowed: computed(() => chosen.value.length > 0 || of.q.value !== ''), count: computed(() => chosen.value.length), params, clear }
}

const flags = new Set<FilterKey>(['missing_copy', 'differs'])

/** received are the instants between which files were received, where the address says so in full. */
function received(query: Record<string, unknown>): Params {
  const { since, until } = query
  return { from: typeof since === 'string' ? since : undefined, to: typeof until === 'string' ? until : undefined }
}
