// Matchers as people read them.
import type { Matcher } from '@/api/alert'

/** complete keeps the conditions that say something. */
export const complete = (matchers: Matcher[]): Matcher[] => matchers.filter((m) => m.value.trim() !== '').map((m) => ({ ...m, value: m.value.trim() }))

/** cycleOf finds inhibition rules that hide each other in a circle; the server refuses them, this says which before. */
export function cycleOf(rules: { id: string; source: Matcher[] | null; target: Matcher[] | null }[]): string[] {
  const rule = (ms: Matcher[] | null): string => ms?.find((m) => m.label === 'rule' && m.op === '=')?.value ?? ''
  const next = new Map<string, { to: string; id: string }[]>()
  for (const r of rules) {
    const from = rule(r.source)
    const to = rule(r.target)
    if (from && to) next.set(from, [...(next.get(from) ?? []), { to, id: r.id }])
  }
  for (const start of next.keys()) {
    const path: string[] = []
    const seen = new Set<string>()
    const walk = (at: string): boolean => {
      for (const edge of next.get(at) ?? []) {
        path.push(edge.id)
        if (edge.to === start) return true
        if (!seen.has(edge.to)) {
          seen.add(edge.to)
          if (walk(edge.to)) return true
        }
        path.pop()
      }
      return false
    }
    if (walk(start)) return path
  }
  return []
}
