// Accounts as GET users answers, and the rules of a password.
import { useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { get } from '@/api/client'
import { Problem } from '@/api/problem'

export const roles = ['admin', 'leader', 'ioc_leader', 'duty', 'unit_leader', 'unit', 'citizen'] as const
export type Role = (typeof roles)[number]

export interface Account { id: string; username: string; name: string; role: Role; unit: string; disabled: boolean; must_change: boolean; created: string; changed: string; last_sign_in?: string }
export interface AdminUnit { code: string; name: string; full_name: string; kind: string }
export interface TrailEntry { seq: number; id: string; at: string; actor: { id: string; name: string }; entity: string; entity_id: string; summary: string }

export const useAccounts = () => useQuery({ queryKey: ['users'], queryFn: ({ signal }) => get<{ users: Account[] | null }>('users', {}, signal) })

export function useUnits() {
  const query = useQuery({ queryKey: ['units'], queryFn: ({ signal }) => get<{ units: AdminUnit[] | null } | AdminUnit[]>('units', {}, signal), staleTime: 3_600_000 })
  return computed(() => (Array.isArray(query.data.value) ? query.data.value : (query.data.value?.units ?? [])))
}

/** The rules of level 3 (TCVN 11930); the server holds them, this only shows how far one is. */
export const rules: { key: string; holds: (password: string, username: string) => boolean }[] = [
  { key: 'length', holds: (p) => [...p].length >= 12 },
  { key: 'lower', holds: (p) => /\p{Ll}/u.test(p) },
  { key: 'upper', holds: (p) => /\p{Lu}/u.test(p) },
  { key: 'digit', holds: (p) => /\p{Nd}/u.test(p) },
  { key: 'special', holds: (p) => /[^\p{L}\p{N}]/u.test(p) },
  { key: 'name', holds: (p, u) => p !== '' && (u === '' || !p.toLowerCase().includes(u.toLowerCase())) },
]

/** generate makes a password that keeps the rules, without letters that look alike. */
export function generate(random: (n: number) => Uint8Array = (n) => crypto.getRandomValues(new Uint8Array(n))): string {
  const sets = ['abcdefghjkmnpqrstuvwxyz', 'ABCDEFGHJKMNPQRSTUVWXYZ', '23456789', '-+=@#%']
  const bytes = random(32)
  const chars = Array.from({ length: 16 }, (_, i) => {
    const set = i < sets.length ? (sets[i] as string) : sets.slice(0, 3).join('')
    return set.charAt((bytes[i] as number) % set.length)
  })
  for (let i = chars.length - 1; i > 0; i--) {
    const j = (bytes[16 + i] as number) % (i + 1)
    ;[chars[i], chars[j]] = [chars[j] as string, chars[i] as string]
  }
  return chars.join('')
}

/** wrong is what the server said of a field, all of it. */
export const wrong = (problem: Problem | null, path: string): string => problem?.errors.filter((e) => e.path === path || e.path === `body.${path}`).map((e) => e.detail).join('; ') ?? ''

export const asProblem = (err: unknown, unknown: string): Problem => (err instanceof Problem ? err : new Problem(0, 'unknown', unknown))

export const useTrail = (on: Ref<boolean>) => useQuery({ queryKey: ['audit'], queryFn: ({ signal }) => get<{ entries: TrailEntry[] | null; next?: string }>('audit', { limit: 200 }, signal), enabled: on })
