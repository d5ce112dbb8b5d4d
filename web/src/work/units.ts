// The units that work can be given to: agencies and wards, as of now.
import { useQuery } from '@tanstack/vue-query'
import { computed, type ComputedRef } from 'vue'
import { get } from '@/api/client'
import type { DutyUnit } from '@/api/duty'
import { compare } from '@/lib/collate'

/** useUnits lists agencies first, then wards by name; those dissolved are left out. */
export function useUnits(): ComputedRef<DutyUnit[]> {
  const { data } = useQuery({ queryKey: ['duty-units'], queryFn: ({ signal }) => get<{ units: DutyUnit[] | null }>('duty/units', {}, signal), staleTime: 10 * 60_000 })
  return computed(() => standing(data.value?.units ?? []))
}

const area = ['ward', 'commune', 'special']

/** standing keeps the units that are not dissolved and puts the agencies first. */
export function standing(units: DutyUnit[]): DutyUnit[] {
  return units.filter((u) => !u.valid_to).sort((a, b) => Number(area.includes(a.kind)) - Number(area.includes(b.kind)) || compare(a.name, b.name))
}
