// Numbers as people read them: 1.234,5 in Vietnamese, 1,234.5 in English,
// with the unit people say rather than the UCUM symbol.
import type { Lang } from './when'

const formats = new Map<string, Intl.NumberFormat>()

/** digits of a unit: how many decimals its values deserve. */
const decimals: Record<string, number> = { m: 2, mm: 1, cm: 0, '%': 1, Cel: 1, 'mm/h': 1, 'cm/h': 0, 'm/h': 2, s: 1, '': 0 }

const names: Record<string, string> = { Cel: '°C', 'mm/h': 'mm/h', '1': '', '{station}': '', '{count}': '', 'm3/s': 'm³/s', km2: 'km²', 'ug/m3': 'µg/m³' }

/** number formats v, or — when there is none. */
export function number(v: number | null | undefined, lang: Lang, digits?: number): string {
  if (v === null || v === undefined || !Number.isFinite(v)) return '—'
  const max = digits ?? 2
  const key = `${lang}/${digits ?? 'auto'}`
  let f = formats.get(key)
  if (!f) {
    f = new Intl.NumberFormat(lang === 'vi' ? 'vi-VN' : 'en-GB', digits === undefined ? { maximumFractionDigits: max } : { minimumFractionDigits: digits, maximumFractionDigits: digits })
    formats.set(key, f)
  }
  return f.format(Object.is(v, -0) ? 0 : v)
}

/** digitsOf is how many decimals a value in that UCUM unit is shown with. */
export function digitsOf(unit: string | undefined): number | undefined {
  return unit === undefined ? undefined : decimals[unit]
}

/** unitName turns a UCUM symbol into what people write. */
export function unitName(unit: string | undefined): string {
  if (!unit) return ''
  return names[unit] ?? unit.replace(/^\{(.*)\}$/, '$1')
}

/** amount is the number with its unit: "10,14 m". */
export function amount(v: number | null | undefined, unit: string | undefined, lang: Lang): string {
  const name = unitName(unit)
  const text = number(v, lang, digitsOf(unit))
  if (text === '—' || name === '') return text
  return `${text}\u00a0${name}`
}

/** signed is +3,8 or −3,8 (a true minus). */
export function signed(v: number, lang: Lang, digits?: number): string {
  const text = number(Math.abs(v), lang, digits)
  return v > 0 ? `+${text}` : v < 0 ? `−${text}` : text
}

/** percent of a ratio 0…1. */
export function percent(ratio: number | null | undefined, lang: Lang, digits = 0): string {
  return ratio === null || ratio === undefined || !Number.isFinite(ratio) ? '—' : `${number(ratio * 100, lang, digits)}\u00a0%`
}
