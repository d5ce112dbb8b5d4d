// The trail as the API answers.
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import type { TrailPage, TrailRoot } from '@/api/audit'
import { get } from '@/api/client'

export interface TrailFilter { q: string; actor: string; entity: string; entity_id: string; address: string; from: string; to: string }
export function useTrail(filter: Ref<TrailFilter>) {
  return useInfiniteQuery({
    queryKey: computed(() => ['audit', 'list', filter.value]),
    queryFn: ({ signal, pageParam }) => get<TrailPage>('audit', { ...filter.value, limit: 100, cursor: pageParam }, signal),
    initialPageParam: '', getNextPageParam: (last) => last.next || undefined, placeholderData: keepPreviousData,
  })
}

export const useRoots = (on: Ref<boolean>) => useQuery({ queryKey: ['audit', 'roots'], queryFn: ({ signal }) => get<{ roots: TrailRoot[] | null }>('audit/roots', {}, signal), enabled: on })

/** Entities that the search offers by name; others are typed. */
export const entities = ['user', 'grant', 'session', 'token', 'policy', 'unit', 'calendar_day', 'alert', 'incident', 'task', 'rule', 'source', 'case', 'case_system', 'channel', 'shift'] as const
