// Instants as people read them: in the city's time zone, in the chosen
// language, never in the zone of the browser.

export type Lang = 'vi' | 'en'
export type Instant = string | number | Date

let zone = 'Asia/Ho_Chi_Minh'
const formats = new Map<string, Intl.DateTimeFormat>()

/** setZone chooses the city's IANA time zone; an unknown one is left aside. */
export function setZone(name: string): void {
  try {
    new Intl.DateTimeFormat('vi', { timeZone: name })
  } catch {
    return
  }
  zone = name
  formats.clear()
}

export const cityZone = (): string => zone

function format(lang: Lang, key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const id = `${lang}/${key}`
  let f = formats.get(id)
  if (!f) {
    f = new Intl.DateTimeFormat(lang === 'vi' ? 'vi-VN' : 'en-GB', { timeZone: zone, hourCycle: 'h23', ...options })
    formats.set(id, f)
  }
  return f
}

const date = (t: Instant): Date => (t instanceof Date ? t : new Date(t))

/** isTime is false for what cannot be shown: nothing, nonsense, year 1. */
export function isTime(t: Instant | null | undefined): t is Instant {
  if (t === null || t === undefined || t === '') return false
  const ms = date(t).getTime()
  return Number.isFinite(ms) && ms > 0
}

/** clock is 19:42, with seconds 19:42:08. */
export function clock(t: Instant, lang: Lang, seconds = false): string {
  return seconds
    ? format(lang, 'hms', { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(date(t))
    : format(lang, 'hm', { hour: '2-digit', minute: '2-digit' }).format(date(t))
}

/** day is 14/10, with the year 14/10/2025. */
export function day(t: Instant, lang: Lang, year = false): string {
  const parts = format(lang, 'dmy', { day: '2-digit', month: '2-digit', year: 'numeric' }).formatToParts(date(t))
  const part = (type: string): string => parts.find((p) => p.type === type)?.value ?? ''
  return `${part('day')}/${part('month')}${year ? `/${part('year')}` : ''}`
}

/** weekday is "Thứ Ba, 14/10". */
export function weekday(t: Instant, lang: Lang): string {
  const word = format(lang, 'wd', { weekday: lang === 'vi' ? 'long' : 'short' }).format(date(t))
  return `${word}, ${day(t, lang)}`
}

/** exact is 19:42:08 14/10/2025: the time first, as logs in Vietnam write it. */
export function exact(t: Instant, lang: Lang): string {
  return `${clock(t, lang, true)} ${day(t, lang, true)}`
}

/** brief is 19:42 on the day of now, and 19:42 14/10 on other days. */
export function brief(t: Instant, lang: Lang, now: Instant): string {
  const same = day(t, lang, true) === day(now, lang, true)
  return same ? clock(t, lang) : `${clock(t, lang)} ${day(t, lang)}`
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** relative is "12 phút trước"; under 10 s it is "vừa xong". */
export function relative(t: Instant, lang: Lang, now: Instant): string {
  const seconds = Math.round((date(t).getTime() - date(now).getTime()) / 1000)
  const size = Math.abs(seconds)
  if (size < 10) return lang === 'vi' ? 'vừa xong' : 'just now'
  for (const [unit, length] of steps) {
    if (size >= length) return spoken(Math.trunc(seconds / length), unit, lang)
  }
  return spoken(seconds, 'second', lang)
}

const words: Record<string, string> = { day: 'ngày', hour: 'giờ', minute: 'phút', second: 'giây' }

function spoken(n: number, unit: Intl.RelativeTimeFormatUnit, lang: Lang): string {
  if (lang === 'vi') return n < 0 ? `${-n} ${words[unit]} trước` : `sau ${n} ${words[unit]}`
  return new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'short' }).format(n, unit)
}

/** span is a length of time in at most two units: "2 giờ 5 phút". */
export function span(seconds: number, lang: Lang): string {
  const en: Record<string, string> = { day: 'd', hour: 'h', minute: 'min', second: 's' }
  const name = (n: number, u: string): string => (lang === 'vi' ? `${n} ${words[u]}` : `${n} ${en[u]}`)
  const s = Math.round(Math.abs(seconds))
  if (s < 60) return name(s, 'second')
  const parts: string[] = []
  let rest = s
  for (const [u, length] of steps) {
    const n = Math.floor(rest / length)
    if (n > 0 && parts.length < 2) parts.push(name(n, u))
    rest -= n * length
    if (parts.length > 0 && parts.length < 2 && n === 0) break
  }
  return parts.join(' ')
}

/** startOfDay is the city's midnight at or before t, in ms. */
export function startOfDay(t: Instant): number {
  const ms = date(t).getTime()
  const parts = format('en', 'offset', { hour: '2-digit', minute: '2-digit', second: '2-digit' }).formatToParts(ms)
  const part = (type: string): number => Number(parts.find((p) => p.type === type)?.value ?? 0)
  return ms - ((part('hour') * 60 + part('minute')) * 60 + part('second')) * 1000 - (ms % 1000)
}
