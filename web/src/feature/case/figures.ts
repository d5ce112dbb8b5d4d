// Ratios, lengths and tones of cases: pure, so that they can be tested.
import type { CaseClass, BoardRow } from '@/api/case'

/** Share is a ratio with what it is made of, so that its denominator can be said in words. */
export interface Share { ratio: number | null; part: number; whole: number }

/** lateShare is (finished late + open overdue) of (finished + open overdue). */
export const lateShare = (r: BoardRow): Share => ({ ratio: r.late_ratio, part: r.late + r.overdue, whole: r.finished + r.overdue })
/** onTimeShare is (early + on time) of what was finished. */
export const onTimeShare = (r: BoardRow): Share => ({ ratio: r.on_time_ratio, part: r.early + r.on_time, whole: r.finished })
/** digitizedShare is the results with a valid electronic copy of all results. */
export const digitizedShare = (r: BoardRow): Share => ({ ratio: r.digitized_ratio, part: r.digitized, whole: r.results })

/** points is a change of a ratio in percentage points; null where one side is missing. */
export const points = (now: number | null | undefined, before: number | null | undefined): number | null => (now === null || now === undefined || before === null || before === undefined ? null : (now - before) * 100)

/** digitsFor keeps small ratios readable: 0,12 %, but 28 %. */
export const digitsFor = (ratio: number | null | undefined): number => (ratio === null || ratio === undefined || ratio === 0 || ratio === 1 ? 0 : Math.abs(ratio) < 0.01 ? 2 : 1)

/** Length is a length of time as files are counted: days and hours, below an hour minutes. */
export interface Length { days: number; hours: number; minutes: number; sign: -1 | 1 }

/** lengthOf splits seconds; negative ones are past. */
export function lengthOf(seconds: number): Length {
  const s = Math.abs(Math.trunc(seconds))
  return { days: Math.floor(s / 86_400), hours: Math.floor((s % 86_400) / 3600), minutes: Math.floor((s % 3600) / 60), sign: seconds < 0 ? -1 : 1 }
}

export type Tone = 'neutral' | 'good' | 'accent' | 'sev-1' | 'sev-2' | 'sev-3' | 'sev-4'

/** toneOf is how loudly a class speaks; the word and the icon say it too. */
export const toneOf: Record<CaseClass, Tone> = {
  overdue: 'sev-4', near_due: 'sev-2', in_time: 'accent', paused: 'sev-1', waiting: 'neutral', no_due: 'neutral',
  late: 'sev-3', on_time: 'good', early: 'good', refused: 'neutral', withdrawn: 'neutral', stopped: 'neutral',
}

/** firstGroup is what a person should see first: what is near due can still be saved; where nothing is, what is over. */
export const firstGroup = (near: number | undefined, over: number | undefined): 'near_due' | 'overdue' => (near === 0 && (over ?? 0) > 0 ? 'overdue' : 'near_due')

/** Piece is a share of a bar, 0…1. */
export interface Piece { key: string; value: number; share: number }

/** pieces cuts a bar into the parts that are there. */
export function pieces(parts: [string, number][], whole?: number): Piece[] {
  const sum = whole ?? parts.reduce((n, [, v]) => n + v, 0)
  return sum <= 0 ? [] : parts.filter(([, v]) => v > 0).map(([key, value]) => ({ key, value, share: value / sum }))
}

/** secondsIn reads how long to wait from what the server says: "… sau 42 giây", "… in 42 s"; null where it does not say. */
export function secondsIn(detail: string): number | null {
  const m = /(\d+)\s*(?:giây|s\b)/u.exec(detail)
  return m ? Number(m[1]) : null
}
