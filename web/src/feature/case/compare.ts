// Two periods beside each other: pure.
import type { Compare, Tally } from '@/api/case'

/** tallies are what is counted on both sides. */
export const tallies = ['received', 'finished', 'late'] as const

/** balanced is whether rows and what no unit can be named for make up the total, on both sides and in every count. */
export const balanced = (c: Compare): boolean => (['a', 'b'] as const).every((side) => tallies.every((k) => c.sums[side][k] + c.unattributed[side][k] === c.total[side][k]))

/** ratioOf is late of finished; null where nothing was finished. */
export const ratioOf = (t: Tally): number | null => (t.finished > 0 ? t.late / t.finished : null)
