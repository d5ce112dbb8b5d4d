// The words of a rule's definition, as a duty officer would say them.
import type { Person, RuleDraft, RuleKind } from '@/api/rule'
import type { Words } from '@/i18n/use'
import { apart, isForm, numberOf, propertyOf, sign, unitOf } from './model'

/** sayThreshold is "≥ 0,3 m", "≥ BĐ1 − 0,1 m", "có cờ đứng yên". */
export function sayThreshold(w: Words, text: string, unit: string): string {
  const { op, than } = apart(text)
  if (than === '') return '—'
  if (op === 'has') return w.t('rule.has', { flags: than.split('|').map((f) => w.t(`flag.${f.trim()}`)).join(', ') })
  const n = numberOf(text)
  const value = n === null ? than.replace(/^bd(\d)/i, (_m, k: string) => w.t('rule.alarm_level', { n: k })).replace(/\s-\s/, ' − ') : sayValue(w, n, unit)
  return `${sign[op] ?? op} ${value}`.trim()
}

/** sayValue is a number of that unit; a silence is a length of time. */
export function sayValue(w: Words, v: number | null | undefined, unit: string): string {
  if (v === null || v === undefined) return '—'
  if (unit === 's') return w.span(v)
  return unit === 'm' ? w.amount(v, 'm') : `${w.num(v)}${unit ? `\u00a0${unit}` : ''}`
}

export const sayProperty = (w: Words, property: string): string => (['rain', 'water_level', 'flood_depth', 'reservoir_level', 'source_silence_seconds'].includes(property) ? w.t(`rule.property.${property}`) : property)
export const sayKind = (w: Words, kind: RuleKind): string => w.t(`rule.kind.${kind}`)

/** sayWhat is one line on what a rule watches: "Tổng lượng mưa trong 1 giờ". */
export function sayWhat(w: Words, d: Pick<RuleDraft, 'kind' | 'expr' | 'where' | 'window_seconds'>): string {
  if (!isForm(d)) return d.expr
  const said = w.t(`rule.watches.${d.kind}`, { property: sayProperty(w, propertyOf(d)), window: w.span(d.window_seconds || 3600) })
  return said.charAt(0).toUpperCase() + said.slice(1)
}

/** bySystem is true for a version that came with the program. */
export const bySystem = (p: Person | null | undefined): boolean => !p?.name || p.id.startsWith('system:')
/** sayAuthor is who wrote a version; what came with the program says so. */
export const sayAuthor = (w: Words, p: Person | null | undefined): string => (bySystem(p) ? w.t('rule.shipped') : (p?.name ?? ''))

export const unit = unitOf
