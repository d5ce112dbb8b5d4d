// Files, scoreboards, systems and warnings as the server answers them.
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, ref, type Ref } from 'vue'
import { get, type Params } from '@/api/client'
import type { CaseBoard, CaseDetail, CasePage, CaseSummary, CaseField, CaseSystem, CaseWord, Compare, Digest, Procedure, RejectedRow, Score766, SlowRow, SystemKindView, WarningList, WarningSettings } from '@/api/case'
import { useRefetch } from '@/live'
import { can } from '@/session'

/** path is the address of one thing of the API, whatever its id holds. */
export const path = (...parts: string[]): string => ['cases', ...parts.map(encodeURIComponent)].join('/')

const minute = 60_000

export const useCases = (params: Ref<Params>) => useInfiniteQuery({
  queryKey: computed(() => ['cases', params.value]),
  queryFn: ({ pageParam, signal }) => get<CasePage>('cases', { ...params.value, limit: 100, cursor: pageParam }, signal),
  initialPageParam: '',
  getNextPageParam: (last) => last.next || undefined,
  placeholderData: keepPreviousData,
})
export const useCase = (id: Ref<string>) => useQuery({ queryKey: computed(() => ['case', id.value]), queryFn: ({ signal }) => get<CaseDetail>(path(id.value), {}, signal) })
export const useBoard = (params: Ref<Params>) => useQuery({ queryKey: computed(() => ['case-board', params.value]), queryFn: ({ signal }) => get<CaseBoard>('cases/board', params.value, signal), placeholderData: keepPreviousData })
export const useSlow = (params: Ref<Params>) => useQuery({ queryKey: computed(() => ['case-slow', params.value]), queryFn: ({ signal }) => get<{ rows: SlowRow[] | null }>('cases/slow', params.value, signal), placeholderData: keepPreviousData })
export const useScore = (params: Ref<Params>) => useQuery({ queryKey: computed(() => ['case-score', params.value]), queryFn: ({ signal }) => get<Score766>('cases/score766', params.value, signal), placeholderData: keepPreviousData })
export const useCompare = (params: Ref<Params>) => useQuery({ queryKey: computed(() => ['case-compare', params.value]), queryFn: ({ signal }) => get<Compare>('cases/compare', params.value, signal), placeholderData: keepPreviousData })
export const useSummary = () => useQuery({ queryKey: ['case-summary'], queryFn: ({ signal }) => get<CaseSummary>('cases/summary', {}, signal), placeholderData: keepPreviousData })
export const useProcedures = () => useQuery({ queryKey: ['case-procedures'], enabled: computed(() => can('case.view')), queryFn: ({ signal }) => get<{ procedures: Procedure[] | null }>('cases/procedures', {}, signal), staleTime: 10 * minute })
/** useSystems are the one-stop systems; who only chooses among them needs not watch how they do. */
export const useSystems = (wanted: Ref<boolean> = ref(true), watched = true) => useQuery({ queryKey: ['case-systems'], enabled: wanted, queryFn: ({ signal }) => get<{ systems: CaseSystem[] | null }>('cases/systems', {}, signal), placeholderData: keepPreviousData, refetchInterval: watched && minute / 4 })
export const useSystem = (id: Ref<string>) => useQuery({ queryKey: computed(() => ['case-systems', id.value]), queryFn: ({ signal }) => get<CaseSystem>(path('systems', id.value), {}, signal), refetchInterval: minute / 6 })
export const useKinds = () => useQuery({ queryKey: ['case-kinds'], queryFn: ({ signal }) => get<{ kinds: SystemKindView[] | null; fields: CaseField[] | null }>('cases/systems/kinds', {}, signal), staleTime: 60 * minute })
export const useRejected = (system: Ref<string>) => useQuery({ queryKey: computed(() => ['case-rejected', system.value]), queryFn: ({ signal }) => get<{ rejected: RejectedRow[] | null }>('cases/rejected', { system: system.value }, signal), placeholderData: keepPreviousData })
export const useCaseWords = (params: Ref<Params>) => useQuery({ queryKey: computed(() => ['case-words', params.value]), queryFn: ({ signal }) => get<{ words: CaseWord[] | null }>('cases/words', params.value, signal), placeholderData: keepPreviousData })
export const useWarnings = (params: Ref<Params>) => useQuery({ queryKey: computed(() => ['case-warnings', params.value]), queryFn: ({ signal }) => get<WarningList>('cases/warnings', params.value, signal), placeholderData: keepPreviousData })
export const useWarningSettings = () => useQuery({ queryKey: ['case-warning-settings'], queryFn: ({ signal }) => get<WarningSettings>('cases/warnings/settings', {}, signal) })
export const useDigests = () => useQuery({ queryKey: ['case-digests'], queryFn: ({ signal }) => get<{ digests: Digest[] | null }>('cases/digests', { limit: 100 }, signal), placeholderData: keepPreviousData })

/** The heads of the queries that change when files change. */
export const heads = ['cases', 'case', 'case-board', 'case-summary', 'case-warnings'] as const

/** useCaseChanges asks again when files change. Who connects systems need not see files: the live topic is not theirs then. */
export function useCaseChanges(...again: string[]): void {
  if (can('case.view')) useRefetch('cases', ...again)
}
