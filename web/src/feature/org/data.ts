// Units as the API answers, the days one looks back to, and CSV to import.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get } from '@/api/client'
import type { OrgDetail, OrgUnit } from '@/api/org'
import type { PeoplePage } from '@/api/people'
import { noon } from '@/work/orgunits'

export const kinds = ['city', 'ioc', 'office', 'department', 'branch', 'agency', 'force', 'utility', 'public_service', 'organisation', 'other', 'ward', 'commune', 'special_zone', 'township', 'urban_district', 'rural_district', 'town', 'provincial_city'] as const
export type Kind = (typeof kinds)[number]

export const path = (code: string): string => `org/units/${encodeURIComponent(code)}`
export const useUnit = (code: Ref<string>, at: Ref<string>) => useQuery({ queryKey: computed(() => ['org', 'unit', code.value, at.value]), queryFn: ({ signal }) => get<OrgDetail>(path(code.value), { at: noon(at.value) }, signal), enabled: computed(() => code.value !== ''), placeholderData: keepPreviousData })
export const usePeopleOf = (code: Ref<string>, on: Ref<boolean>) => useQuery({ queryKey: computed(() => ['users', 'of', code.value]), queryFn: ({ signal }) => get<PeoplePage>('users', { unit: code.value, limit: 20 }, signal), enabled: computed(() => on.value && code.value !== '') })

/** yearEnds are the last days of the n years before today's, the newest first: what one compares with. */
export function yearEnds(today: string, n: number): string[] {
  const year = Number(today.slice(0, 4))
  return Array.from({ length: n }, (_, i) => `${year - 1 - i}-12-31`)
}

/**
 * dayOf is a day on which a unit was in force: at itself when it was, else the
 * last day of its life, or the first when that is still to come.
 */
export function dayOf(u: Pick<OrgUnit, 'valid_from' | 'valid_to'>, at: string, toDay: (instant: number) => string): string {
  const from = u.valid_from ? toDay(Date.parse(u.valid_from)) : ''
  const to = u.valid_to ? toDay(Date.parse(u.valid_to) - 1) : ''
  if (from !== '' && at < from) return from
  return to !== '' && at > to ? to : at
}

/** columns of the CSV that the import reads, in order. */
export const columns = 'code,name,name_en,kind,parent,valid_from,valid_to,successors,legal'
