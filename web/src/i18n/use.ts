import { computed, type ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Text } from '@/api/types'
import { amount, number, percent, signed } from '@/lib/number'
import * as when from '@/lib/when'

export interface Words {
  t: (key: string, args?: Record<string, unknown>) => string
  lang: ComputedRef<when.Lang>
  /** say picks the language of a text that the server sent in both. */
  say: (text: Text | null | undefined) => string
  num: (v: number | null | undefined, digits?: number) => string
  amount: (v: number | null | undefined, unit?: string) => string
  signed: (v: number, digits?: number) => string
  percent: (ratio: number | null | undefined, digits?: number) => string
  clock: (t: when.Instant, seconds?: boolean) => string
  day: (t: when.Instant, year?: boolean) => string
  weekday: (t: when.Instant) => string
  exact: (t: when.Instant) => string
  brief: (t: when.Instant, now: when.Instant) => string
  relative: (t: when.Instant, now: when.Instant) => string
  span: (seconds: number) => string
}

/** useWords gives a component its words, numbers and times in the chosen language. */
export function useWords(): Words {
  const { t, locale } = useI18n({ useScope: 'global' })
  const lang = computed<when.Lang>(() => (locale.value === 'en' ? 'en' : 'vi'))
  return {
    t: (key, args) => (args ? t(key, args) : t(key)),
    lang,
    say: (text) => (text ? (lang.value === 'en' && text.en ? text.en : text.vi) : ''),
    num: (v, digits) => number(v, lang.value, digits),
    amount: (v, unit) => amount(v, unit, lang.value),
    signed: (v, digits) => signed(v, lang.value, digits),
    percent: (r, digits) => percent(r, lang.value, digits),
    clock: (at, seconds) => when.clock(at, lang.value, seconds),
    day: (at, year) => when.day(at, lang.value, year),
    weekday: (at) => when.weekday(at, lang.value),
    exact: (at) => when.exact(at, lang.value),
    brief: (at, now) => when.brief(at, lang.value, now),
    relative: (at, now) => when.relative(at, lang.value, now),
    span: (s) => when.span(s, lang.value),
  }
}
