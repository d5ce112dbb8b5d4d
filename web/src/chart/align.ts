// From series as the API sends them to the columns that the chart draws: one
// time axis, gaps where the source was silent, and each series split into
// its measured and its estimated part.
import type { SeriesPoint } from '@/api/types'

/** ChartSeries is one line, or with kind "bar" one set of bars. */
export interface ChartSeries {
  id: string
  label: string
  unit: string
  points: SeriesPoint[]
  /** names of the flag bits, lowest first */
  flags: string[]
  kind?: 'line' | 'bar'
  /** everything in it is estimated (a reconstruction) */
  estimated?: boolean
  /** a silence longer than this is drawn as a gap; 0 never */
  gapSeconds?: number
  /** colour token; the chart chooses otherwise */
  color?: string
}

export interface Aligned {
  /** seconds */
  x: number[]
  /** per series: the measured and the estimated values on x */
  measured: (number | null)[][]
  estimated: (number | null)[][]
  /** per series: the flags on x, 0 where there is no point */
  flags: number[][]
}

/** flagBit is the bit of a flag in a series' legend, 0 if it has none. */
export const flagBit = (names: string[], name: string): number => {
  const i = names.indexOf(name)
  return i < 0 ? 0 : 1 << i
}

export const estimatedBits = (s: ChartSeries): number => flagBit(s.flags, 'estimated')
/** Flags that say how a value came about, not that it is doubtful. */
export const harmlessBits = (s: ChartSeries): number => ['estimated', 'given', 'late', 'corrected', 'maintenance', 'wrong_unit'].reduce((sum, n) => sum | flagBit(s.flags, n), 0)

/** align puts all series on one axis. */
export function align(series: ChartSeries[]): Aligned {
  const instants = new Set<number>()
  for (const s of series) {
    let last: number | undefined
    for (const [t] of s.points) {
      if (last !== undefined && s.kind !== 'bar' && s.gapSeconds && t - last > s.gapSeconds * 1000) instants.add(last + 1000)
      instants.add(t)
      last = t
    }
  }
  const x = [...instants].sort((a, b) => a - b)
  const at = new Map(x.map((t, i) => [t, i]))
  const out: Aligned = { x: x.map((t) => t / 1000), measured: [], estimated: [], flags: [] }
  for (const s of series) {
    const measured: (number | null | undefined)[] = Array.from({ length: x.length })
    const estimated: (number | null | undefined)[] = Array.from({ length: x.length })
    const flags = new Array<number>(x.length).fill(0)
    const mask = estimatedBits(s)
    let before: { i: number; t: number; v: number | null; est: boolean } | undefined
    for (const [t, v, f] of s.points) {
      const i = at.get(t) as number
      const est = s.estimated === true || (f & mask) !== 0
      flags[i] = f
      const gap = before !== undefined && s.kind !== 'bar' && s.gapSeconds !== undefined && s.gapSeconds > 0 && t - before.t > s.gapSeconds * 1000
      if (before && gap) {
        const j = at.get(before.t + 1000)
        if (j !== undefined && j !== i) {
          measured[j] = null
          estimated[j] = null
        }
      } else if (before && s.kind !== 'bar' && before.est !== est) {
        // A line between a measured and an estimated point is estimated: the
        // measured end is in both lists. Between, the other list has a gap.
        if (est) {
          estimated[before.i] = before.v
        } else {
          estimated[i] = v
        }
      }
      if (est) {
        estimated[i] = v
        measured[i] = null
      } else {
        measured[i] = v
        if (estimated[i] === undefined) estimated[i] = null
      }
      before = { i, t, v, est }
    }
    // undefined: no point of this series here, the line goes on; null: a gap.
    out.measured.push(measured as (number | null)[])
    out.estimated.push(estimated as (number | null)[])
    out.flags.push(flags)
  }
  return out
}

/** names lists the flags that are set in f. */
export const flagNames = (f: number, legend: string[]): string[] => legend.filter((_, i) => (f & (1 << i)) !== 0)

/** within keeps the levels that the values lie between: the next one below, those crossed, the next one above. */
export function within(a: Aligned, levels: number[]): number[] {
  const [low, high] = range(a)
  if (low > high) return []
  const below = Math.max(...levels.filter((l) => l < low))
  const above = Math.min(...levels.filter((l) => l > high))
  return levels.filter((l) => l >= below && l <= above)
}

function range(a: Aligned): [number, number] {
  let low = Infinity
  let high = -Infinity
  for (const col of [...a.measured, ...a.estimated]) {
    for (const v of col) {
      if (v === null || v === undefined) continue
      if (v < low) low = v
      if (v > high) high = v
    }
  }
  return [low, high]
}

/** extent is the lowest and highest value drawn, thresholds included. */
export function extent(a: Aligned, thresholds: number[], bars: boolean): [number, number] {
  let [low, high] = range(a)
  for (const v of thresholds) {
    low = Math.min(low, v)
    high = Math.max(high, v)
  }
  if (bars) low = Math.min(low, 0)
  if (!Number.isFinite(low)) return [0, 1]
  const room = (high - low || Math.abs(high) || 1) * 0.08
  if (low >= 0) return [bars ? 0 : Math.max(0, low - room), high + room] // no negative rain or depth
  return [low - room, high + room]
}
