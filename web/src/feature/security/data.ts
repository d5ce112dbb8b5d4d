// My own account as the API answers.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get } from '@/api/client'
import type { Away, Grant, SignedInAt } from '@/api/people'
import type { Colleague, MyAccount, MySecurity } from '@/api/security'

export const useAccount = () => useQuery({ queryKey: ['me', 'profile'], queryFn: ({ signal }) => get<MyAccount>('me/profile', {}, signal) })
export const useSecurity = () => useQuery({ queryKey: ['me', 'security'], queryFn: ({ signal }) => get<MySecurity>('me/security', {}, signal) })
export const useMySessions = () => useQuery({ queryKey: ['me', 'sessions'], queryFn: ({ signal }) => get<{ sessions: SignedInAt[] | null }>('me/sessions', {}, signal) })
export const useLent = () => useQuery({ queryKey: ['me', 'delegations'], queryFn: ({ signal }) => get<{ grants: Grant[] | null }>('delegations', {}, signal) })
export const useColleagues = (q: Ref<string>) => useQuery({ queryKey: computed(() => ['me', 'colleagues', q.value]), queryFn: ({ signal }) => get<{ people: Colleague[] | null }>('me/colleagues', { q: q.value }, signal), placeholderData: keepPreviousData })

/** awayNow says whether leave holds at an instant, is to come, or is over. */
export const awayNow = (a: Pick<Away, 'from' | 'until'> | null | undefined, now: number): 'none' | 'coming' | 'away' | 'over' =>
  !a ? 'none' : Date.parse(a.until) <= now ? 'over' : Date.parse(a.from) > now ? 'coming' : 'away'
/** spelled puts a secret into groups of four, to be typed. */
export const spelled = (secret: string): string => secret.replace(/(.{4})(?=.)/g, '$1 ')
