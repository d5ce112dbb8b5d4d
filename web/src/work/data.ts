// Tasks as the server answers them.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get, type Params } from '@/api/client'
import type { Board, TaskDetail, TaskPage } from '@/api/incident'

export const useTasks = (params: Ref<Params>) => useQuery({ queryKey: computed(() => ['tasks', params.value]), queryFn: ({ signal }) => get<TaskPage>('tasks', params.value, signal), placeholderData: keepPreviousData, refetchInterval: 60_000 })
export const useTask = (id: Ref<string>) => useQuery({ queryKey: computed(() => ['task', id.value]), queryFn: ({ signal }) => get<TaskDetail>(`tasks/${encodeURIComponent(id.value)}`, {}, signal) })
export const useBoard = (kind: Ref<string>) => useQuery({ queryKey: computed(() => ['board', kind.value]), queryFn: ({ signal }) => get<Board>('tasks/board', { kind: kind.value }, signal), placeholderData: keepPreviousData, refetchInterval: 60_000 })
