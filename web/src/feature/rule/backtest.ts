// A back-test as the page drives it, and its calendar.
import { computed, onScopeDispose, ref, type Ref, watch } from 'vue'
import { del, get, post } from '@/api/client'
import type { Backtest } from '@/api/rule'
import type { Severity } from '@/api/types'
import { startOfDay } from '@/lib/when'

export const presets = ['7d', '30d', 'all'] as const
export type Preset = (typeof presets)[number]

/** useBacktest follows the run named in the address; it asks each half second until it is over. */
export function useBacktest(run: Ref<string>) {
  const test = ref<Backtest | null>(null)
  const problem = ref<unknown>(null)
  let timer: ReturnType<typeof setTimeout> | undefined
  let gone = false
  async function ask(id: string): Promise<void> {
    try {
      const answer = await get<Backtest>(`rules/backtests/${encodeURIComponent(id)}`)
      if (gone || run.value !== id) return
      test.value = answer
      if (answer.state === 'running') timer = setTimeout(() => void ask(id), 500)
    } catch (err) {
      if (gone || run.value !== id) return
      problem.value = err
    }
  }
  watch(run, (id) => {
    clearTimeout(timer)
    problem.value = null
    if (id === '') test.value = null
    else void ask(id)
  }, { immediate: true })
  onScopeDispose(() => {
    gone = true
    clearTimeout(timer)
  })
  return {
    test, problem, running: computed(() => test.value?.state === 'running'),
    start: async (body: unknown): Promise<void> => {
      problem.value = null
      try {
        test.value = null
        run.value = (await post<{ id: string }>('rules/backtests', body)).id
      } catch (err) {
        problem.value = err
      }
    },
    cancel: async (): Promise<void> => {
      if (run.value !== '') await del(`rules/backtests/${encodeURIComponent(run.value)}`).catch(() => undefined)
    },
  }
}

export interface Cell { day: string; n: number; severity: Severity; inside: boolean }

const dayMs = 86_400_000

/** calendar lays days (2026-10-14) out in weeks that begin on Monday; what is outside the span is not inside. */
export function calendar(days: { day: string; n: number; severity: Severity }[], from: string, to: string): Cell[][] {
  const known = new Map(days.map((d) => [d.day, d]))
  const first = Date.parse(`${from}T00:00:00Z`)
  const last = Date.parse(`${to}T00:00:00Z`)
  if (!Number.isFinite(first) || !Number.isFinite(last) || last < first) return []
  const monday = first - ((new Date(first).getUTCDay() + 6) % 7) * dayMs
  const weeks: Cell[][] = []
  for (let w = monday; w <= last; w += 7 * dayMs) {
    weeks.push(Array.from({ length: 7 }, (_, i) => {
      const t = w + i * dayMs
      const day = new Date(t).toISOString().slice(0, 10)
      const found = known.get(day)
      return { day, n: found?.n ?? 0, severity: found?.severity ?? 0, inside: t >= first && t <= last }
    }))
  }
  return weeks
}

/** cityDay is the city's calendar day of an instant: 2026-10-14. */
export function cityDay(t: number): string {
  // Noon of the city's day is on the same date in UTC, in any zone from −11 to +11.
  return new Date(startOfDay(t) + dayMs / 2).toISOString().slice(0, 10)
}
