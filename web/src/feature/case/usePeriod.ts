// The period and the instant looked at, kept in the address.
import { computed, type ComputedRef, type WritableComputedRef } from 'vue'
import { useWords } from '@/i18n/use'
import { useNow } from '@/lib/now'
import { useQueryParam } from '@/lib/query'
import { addDays, dayOf, instant, isDay, lastDay, type PeriodKind, periodKinds, type Span, spanOf, step, weekOf } from './period'

export interface Period {
  kind: WritableComputedRef<PeriodKind>
  day: WritableComputedRef<string>
  /** a span of one's own: first and last day */
  own: WritableComputedRef<Span>
  span: ComputedRef<Span>
  /** the instant that classes are asked at; "" is now */
  at: WritableComputedRef<string>
  title: ComputedRef<string>
  /** from, to and at as the API takes them */
  params: ComputedRef<{ from: string; to: string; at: string }>
  move: (n: number) => void
}

export function usePeriod(fallback: PeriodKind = 'month'): Period {
  const w = useWords()
  const now = useNow()
  const kindParam = useQueryParam('period', fallback)
  const dayParam = useQueryParam('day')
  const fromParam = useQueryParam('from')
  const toParam = useQueryParam('to')
  const at = useQueryParam('at')
  const today = computed(() => dayOf(now.value))
  const kind = computed<PeriodKind>({
    get: () => periodKinds.find((k) => k === kindParam.value) ?? fallback,
    set: (k) => {
      if (k === 'span') {
        fromParam.value = span.value.from
        toParam.value = lastDay(span.value)
      } else {
        fromParam.value = ''
        toParam.value = ''
      }
      kindParam.value = k
    },
  })
  const day = computed({ get: () => (isDay(dayParam.value) ? dayParam.value : today.value), set: (d) => (dayParam.value = d === today.value ? '' : d) })
  const span = computed<Span>(() => {
    if (kind.value !== 'span') return spanOf(kind.value, day.value)
    const month = spanOf('month', day.value)
    const from = isDay(fromParam.value) ? fromParam.value : month.from
    const last = isDay(toParam.value) ? toParam.value : lastDay(month)
    return { from, to: addDays(last < from ? from : last, 1) }
  })
  const own = computed<Span>({
    get: () => ({ from: span.value.from, to: lastDay(span.value) }),
    set: (s) => {
      fromParam.value = s.from
      toParam.value = s.to
    },
  })
  const date = (d: string): string => w.day(instant(d), true)
  const title = computed(() => {
    const s = span.value
    const [year = '', month = ''] = s.from.split('-')
    switch (kind.value) {
      case 'day': return date(s.from)
      case 'week': return w.t('case.period.week_title', { n: weekOf(s.from).week, from: date(s.from), to: date(lastDay(s)) })
      case 'month': return w.t('case.period.month_title', { n: Number(month), year })
      case 'quarter': return w.t('case.period.quarter_title', { n: ['I', 'II', 'III', 'IV'][Math.floor((Number(month) - 1) / 3)] ?? '', year })
      case 'year': return w.t('case.period.year_title', { year })
      default: return `${date(s.from)} – ${date(lastDay(s))}`
    }
  })
  const params = computed(() => ({ from: new Date(instant(span.value.from)).toISOString(), to: new Date(instant(span.value.to)).toISOString(), at: at.value }))
  const move = (n: number): void => {
    if (kind.value !== 'span') day.value = step(kind.value, day.value, n)
  }
  return { kind, day, own, span, at, title, params, move }
}
