// What <input type="datetime-local"> holds, read and written in the city's
// time zone rather than the browser's.
import { cityZone } from './when'

/** offset of the city's zone from UTC at an instant, in ms. */
function offset(ms: number): number {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone: cityZone(), hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' }).formatToParts(ms)
  const part = (type: string): number => Number(parts.find((p) => p.type === type)?.value ?? 0)
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return wall - Math.floor(ms / 1000) * 1000
}

/** toLocal is 2026-11-23T19:42, with seconds where they matter. */
export function toLocal(t: number | string): string {
  const ms = typeof t === 'number' ? t : Date.parse(t)
  const text = new Date(ms + offset(ms)).toISOString()
  return ms % 60_000 === 0 ? text.slice(0, 16) : text.slice(0, 19)
}

/** fromLocal is the instant in ms, null for what is no time. */
export function fromLocal(text: string): number | null {
  const wall = Date.parse(`${text}Z`)
  if (text === '' || !Number.isFinite(wall)) return null
  const guess = wall - offset(wall)
  return wall - offset(guess) // again, for the hours around a change of clocks
}
