// The way of a file through the offices as a bar over time: pure.
import type { CasePause, CaseStep } from '@/api/case'

/** Stretch is a part of the bar, both ends as shares of the whole way, 0…1. */
export interface Stretch { index: number; left: number; width: number }
export interface Way { from: number; to: number; steps: Stretch[]; pauses: Stretch[]; due: number | null; now: number | null }

const ms = (t: string | null | undefined): number | null => {
  const n = Date.parse(t ?? '')
  return Number.isFinite(n) && n > 0 ? n : null
}

/**
 * wayOf lays steps and pauses on one line from the first to the last instant
 * that is known. What has no beginning is not drawn; what has no end lasts
 * until the file's end, or until now.
 */
export function wayOf(steps: CaseStep[], pauses: CasePause[], received: string | null, ended: string | null, due: string | null, now: number): Way | null {
  const end = ms(ended) ?? now
  const starts = [ms(received), ...steps.map((s) => ms(s.from)), ...pauses.map((p) => ms(p.from))].filter((n): n is number => n !== null)
  if (starts.length === 0) return null
  const from = Math.min(...starts)
  const d = ms(due)
  const to = Math.max(end, ...steps.map((s) => ms(s.to) ?? from), d ?? from)
  if (to <= from) return null
  const share = (t: number): number => Math.max(0, Math.min(1, (t - from) / (to - from)))
  const stretch = (index: number, a: number | null, b: number | null): Stretch[] => {
    if (a === null) return []
    const left = share(a)
    return [{ index, left, width: Math.max(0.004, share(Math.max(a, b ?? end)) - left) }]
  }
  return {
    from, to,
    steps: steps.flatMap((s, i) => stretch(i, ms(s.from), ms(s.to))),
    pauses: pauses.flatMap((p, i) => stretch(i, ms(p.from), ms(p.to))),
    due: d === null ? null : share(d),
    now: ms(ended) === null ? share(now) : null,
  }
}

/** secondsOf is how long a step took, or has been going on. */
export function secondsOf(s: { from: string | null; to: string | null }, now: number): number | null {
  const a = ms(s.from)
  return a === null ? null : Math.max(0, ((ms(s.to) ?? now) - a) / 1000)
}
