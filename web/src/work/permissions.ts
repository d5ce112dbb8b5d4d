// The names of permissions, as the server words them.
import { useQuery } from '@tanstack/vue-query'
import { computed, type ComputedRef } from 'vue'
import type { RoleTable } from '@/api/access'
import { get } from '@/api/client'
import type { Words } from '@/i18n/use'
import { session } from '@/session'
import { roles } from './grant'

export const useRoleTable = () => useQuery({ queryKey: ['access', 'roles'], queryFn: ({ signal }) => get<RoleTable>('access/roles', {}, signal), staleTime: 3_600_000 })

/** usePermissionName says a permission in the chosen language, by its code when it has no words. */
export function usePermissionName(w: Words): ComputedRef<(permission: string) => string> {
  const { data } = useRoleTable()
  return computed(() => {
    const texts = new Map((data.value?.permissions ?? []).map((p) => [p.permission, p.text]))
    return (permission) => w.say(texts.get(permission)) || permission
  })
}

/** useGivable lists the roles that the signed-in person may give; the server decides about where. */
export function useGivable(): ComputedRef<string[]> {
  const { data } = useRoleTable()
  return computed(() => {
    const mine = (data.value?.roles ?? []).filter((r) => session.value?.user.roles.includes(r.role))
    const may = new Set(mine.flatMap((r) => r.may_give ?? []))
    return data.value ? roles.filter((r) => may.has(r)) : [...roles]
  })
}

/** subjects gathers lines by what their permission is about: "case.view" is about case. */
export function subjects<T extends { permission: string }>(lines: T[] | null | undefined): [string, T[]][] {
  const out = new Map<string, T[]>()
  for (const line of lines ?? []) {
    const subject = line.permission.split('.')[0] ?? ''
    out.set(subject, [...(out.get(subject) ?? []), line])
  }
  return [...out]
}
