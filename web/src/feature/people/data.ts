// People as the API answers, and what one may ask of them.
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get, post } from '@/api/client'
import type { AccessDiff, Grant, GrantDraft, PeoplePage, Person, SignedInAt } from '@/api/people'
import type { TrailPage } from '@/api/audit'

export const states = ['active', 'disabled', 'invited', 'away'] as const
export interface PeopleFilter { q: string; unit: string; role: string; state: string }

export const userPath = (id: string): string => `users/${encodeURIComponent(id)}`
export function usePeople(filter: Ref<PeopleFilter>) {
  return useInfiniteQuery({
    queryKey: computed(() => ['users', 'list', filter.value]),
    queryFn: ({ signal, pageParam }) => get<PeoplePage>('users', { ...filter.value, limit: 100, cursor: pageParam }, signal),
    initialPageParam: '', getNextPageParam: (last) => last.next || undefined, placeholderData: keepPreviousData,
  })
}
export const usePerson = (id: Ref<string>) => useQuery({ queryKey: computed(() => ['users', 'one', id.value]), queryFn: ({ signal }) => get<Person>(userPath(id.value), {}, signal) })
export const useGrants = (id: Ref<string>, all: Ref<boolean>) => useQuery({ queryKey: computed(() => ['users', 'grants', id.value, all.value]), queryFn: ({ signal }) => get<{ grants: Grant[] | null }>(`${userPath(id.value)}/grants`, { all: all.value }, signal), placeholderData: keepPreviousData })
export const useSessions = (id: Ref<string>) => useQuery({ queryKey: computed(() => ['users', 'sessions', id.value]), queryFn: ({ signal }) => get<{ sessions: SignedInAt[] | null }>(`${userPath(id.value)}/sessions`, {}, signal) })
export const useTrailOf = (id: Ref<string>, by: Ref<'actor' | 'entity'>) => useQuery({ queryKey: computed(() => ['audit', 'of', id.value, by.value]), queryFn: ({ signal }) => get<TrailPage>('audit', by.value === 'actor' ? { actor: id.value, limit: 50 } : { entity: 'user', entity_id: id.value, limit: 50 }, signal) })

/** Change is what would be given and taken. */
export interface Change { user: string; add: GrantDraft[]; remove: string[] }
export const useDiff = (change: Ref<Change | null>) => useQuery({ queryKey: computed(() => ['access', 'diff', change.value]), queryFn: () => post<AccessDiff>('access/diff', change.value), enabled: computed(() => change.value !== null), placeholderData: keepPreviousData, staleTime: 0 })

/** changed keeps of the new values those that differ from the old. */
export function changed<T extends object>(before: T, after: T): Partial<T> {
  return Object.fromEntries(Object.entries(after).filter(([key, value]) => value !== before[key as keyof T])) as Partial<T>
}
