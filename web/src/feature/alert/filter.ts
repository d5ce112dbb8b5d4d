// The list's filter as it stands in the address.
import { computed, type WritableComputedRef } from 'vue'
import { everything } from '@/frame/alerts'
import { useQueryParam } from '@/lib/query'
import type { AlertFilter } from '@/live/alert'

const sorts = ['severity', 'raised', 'deadline'] as const

/** useFilter reads the filter from the address and writes it there. */
export function useFilter(): WritableComputedRef<AlertFilter> {
  const state = useQueryParam('state')
  const severity = useQueryParam('severity')
  const service = useQueryParam('service')
  const unit = useQueryParam('unit')
  const area = useQueryParam('area')
  const q = useQueryParam('q')
  const suppressed = useQueryParam('suppressed')
  const sort = useQueryParam('sort', 'severity')
  return computed({
    get: () => ({ ...everything, state: state.value, severity: severity.value, service: service.value, unit: unit.value, area: area.value, q: q.value, open: !state.value.split(',').includes('closed'), suppressed: suppressed.value === '1', sort: sorts.find((s) => s === sort.value) ?? 'severity' }),
    set: (f) => {
      state.value = f.state
      severity.value = f.severity
      service.value = f.service
      unit.value = f.unit
      area.value = f.area
      q.value = f.q
      suppressed.value = f.suppressed ? '1' : ''
      sort.value = f.sort
    },
  })
}
