// What the codes in the address are called: asked of the scoreboard, which
// knows every unit, field, procedure and officer that has files.
import { useQuery } from '@tanstack/vue-query'
import { computed, type ComputedRef, ref, type Ref } from 'vue'
import type { BoardBy, BoardRow, CaseBoard } from '@/api/case'
import { get } from '@/api/client'
import { useWords } from '@/i18n/use'
import { compare } from '@/lib/collate'
import { now } from '@/lib/now'

export interface Option { value: string; label: string }

/** useOptions lists what a scoreboard groups by, by name; without a wish it does not ask. */
export function useOptions(by: BoardBy, unit: Ref<string> = ref(''), wanted: Ref<boolean> = ref(true)): ComputedRef<Option[]> {
  const { data } = useQuery({
    queryKey: computed(() => ['case-options', by, unit.value]),
    queryFn: ({ signal }) => get<CaseBoard>('cases/board', { by, unit: unit.value, ...lastYear() }, signal),
    enabled: wanted,
    staleTime: 10 * 60_000,
  })
  return computed(() => (data.value?.rows ?? []).filter((r) => r.key).map((r) => ({ value: r.key, label: r.name || r.key })).sort((a, b) => compare(a.label, b.label)))
}

/** lastYear is wide enough to name whatever is still worked on; by whole days, so that the answer can be kept. */
function lastYear(): { from: string; to: string } {
  const day = 86_400_000
  const to = (Math.floor(now() / day) + 1) * day
  return { from: new Date(to - 366 * day).toISOString(), to: new Date(to).toISOString() }
}

/** useRowName says what a row of a scoreboard is called: by its name, a channel by its word, an unknown one by its code. */
export function useRowName(by: () => BoardBy): (r: BoardRow) => string {
  const w = useWords()
  return (r) => r.name || (by() === 'channel' && r.key ? w.t(`case.channel.${r.key}`) : r.key) || w.t('case.unnamed')
}

/** useNames gives the names of the codes that narrow a page. */
export function useNames(filters: Ref<Record<string, string>>): ComputedRef<Partial<Record<BoardBy, string>>> {
  const unit = computed(() => filters.value['unit'] ?? '')
  const has = (k: string): ComputedRef<boolean> => computed(() => (filters.value[k] ?? '') !== '')
  const units = useOptions('unit', undefined, has('unit'))
  const fields = useOptions('field', undefined, has('field'))
  const procedures = useOptions('procedure', undefined, has('procedure'))
  const officers = useOptions('officer', unit, has('officer'))
  const label = (list: Option[], key: string): string => list.find((o) => o.value === filters.value[key])?.label ?? ''
  return computed(() => ({ unit: label(units.value, 'unit'), field: label(fields.value, 'field'), procedure: label(procedures.value, 'procedure'), officer: label(officers.value, 'officer') }))
}
