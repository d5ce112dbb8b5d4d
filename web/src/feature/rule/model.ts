// Between the form of a rule and its definition. The form kinds say property
// and window, and the server writes their PromQL; text is for the rest.
import type { RuleDraft, RuleKind, RuleLevel } from '@/api/rule'
import type { Severity } from '@/api/types'

const units: Record<string, string> = { rain: 'mm', water_level: 'm', flood_depth: 'm', reservoir_level: 'm', source_silence_seconds: 's' }
type Watched = Pick<RuleDraft, 'kind' | 'expr' | 'where'>

/** propertyOf is what a form rule watches, "" for one that only text can say. */
export function propertyOf(d: Watched): string {
  if (d.kind === 'promql') return ''
  return d.expr === '' ? (d.where?.['property'] ?? '') : /^[A-Za-z_]\w*$/.test(d.expr) ? d.expr : ''
}
/** isForm is true for a rule that the form can show. */
export const isForm = (d: Watched): boolean => d.kind !== 'promql' && (d.expr === '' || propertyOf(d) !== '')

/** unitOf is the UCUM unit of a rule's thresholds. */
export function unitOf(d: Watched): string {
  if (d.kind === 'flag' || !isForm(d)) return ''
  return d.kind === 'silence' ? 's' : (units[propertyOf(d)] ?? '')
}

export const needsWindow = (kind: RuleKind): boolean => kind === 'sum' || kind === 'rise' || kind === 'neighbours'
export const needsGuard = (kind: RuleKind): boolean => kind === 'silence' || kind === 'neighbours'

/** Threshold is a comparison taken apart: ">= bd1 - 0.05" is ">=" and "bd1 - 0.05". */
export interface Threshold { op: string; than: string }
export const ops = ['>=', '>', '<=', '<'] as const

export function apart(text: string): Threshold {
  const m = /^\s*(>=|<=|==|!=|>|<|has\b)?\s*(.*?)\s*$/.exec(text)
  return { op: m?.[1] ?? '', than: m?.[2] ?? '' }
}
/** together is the comparison as the server reads it; a decimal comma becomes a point. */
export function together(op: string, than: string): string {
  const t = than.trim().replace(/^(-?\d+),(\d+)$/, '$1.$2')
  return t === '' ? '' : `${op} ${t}`
}
/** numberOf is the number of a threshold, null for a named level. */
export function numberOf(text: string): number | null {
  const n = Number(apart(text).than.replace(',', '.'))
  return apart(text).than !== '' && Number.isFinite(n) ? n : null
}
const opposites: Record<string, string> = { '>=': '<', '>': '<=', '<=': '>', '<': '>=' }
export const opposite = (op: string): string => opposites[op] ?? '<'
export const upward = (op: string): boolean => op !== '<' && op !== '<='
export const sign: Record<string, string> = { '>=': '≥', '>': '>', '<=': '≤', '<': '<' }

export interface Mark { severity: Severity; raise: number; clear: number | null }
export interface Scale { low: number; high: number; up: boolean; marks: Mark[] }

/** scale is the axis that a ladder is drawn on; null while a threshold is missing. Named levels stand one step apart. */
export function scale(levels: RuleLevel[]): Scale | null {
  const parts = levels.map((l) => ({ severity: l.severity, op: apart(l.raise).op, raise: numberOf(l.raise), name: apart(l.raise).than, clear: numberOf(l.clear), cleared: apart(l.clear).than !== '' }))
  if (parts.length === 0 || parts.some((p) => p.name === '' || p.op === 'has')) return null
  const named = parts.some((p) => p.raise === null)
  const up = upward(parts[0]?.op ?? '>=')
  const marks = parts.map((p, i): Mark => (named ? { severity: p.severity, raise: i + 1, clear: p.cleared ? i + 0.65 : null } : { severity: p.severity, raise: p.raise as number, clear: p.clear })).sort((a, b) => a.raise - b.raise)
  const all = marks.flatMap((m) => [m.raise, ...(m.clear === null ? [] : [m.clear])])
  const min = Math.min(...all)
  const max = Math.max(...all)
  const room = (max - min || Math.abs(max) || 1) * 0.35
  return { low: min >= 0 && up ? 0 : min - room, high: max + room, up, marks }
}

/** change makes a draft a form rule of that kind, with what the kind needs. */
export function change(d: RuleDraft, kind: RuleKind, property: string): void {
  if (d.kind !== kind) {
    if (kind === 'flag') d.levels = [{ severity: 1, raise: 'has frozen|toggling', clear: '' }]
    else if (d.kind === 'flag' || (d.levels ?? []).length === 0) d.levels = [{ severity: 3, raise: '', clear: '' }]
    if (needsGuard(kind)) d.guard ??= { property, radius_km: 10, window_seconds: 3600, op: kind === 'silence' ? '>' : '', value: kind === 'silence' ? 5 : 0, count: kind === 'silence' ? 2 : 3 }
    else d.guard = null
  }
  d.kind = kind
  d.expr = ''
  d.where = { ...d.where, property }
  d.window_seconds = needsWindow(kind) ? d.window_seconds || 3600 : 0
}

/** asText makes a draft a text rule that computes the same. */
export function asText(d: RuleDraft, promql: string): void {
  d.expr = promql
  d.kind = 'promql'
  d.guard = null
  d.window_seconds = 0
  const where = { ...d.where }
  delete where['property']
  d.where = where
}
