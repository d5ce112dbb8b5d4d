import { describe, expect, it } from 'vitest'
import type { CaseStep } from '@/api/case'
import { secondsOf, wayOf } from './way'

const step = (from: string | null, to: string | null): CaseStep => ({ name: '', department: '', officer: '', from, to, due: null, late_seconds: 0 })
const now = Date.parse('2026-11-11T00:00:00Z')

describe('the way of a file', () => {
  it('lies between its first and its last instant', () => {
    const way = wayOf([step('2026-11-01T00:00:00Z', '2026-11-03T00:00:00Z'), step('2026-11-03T00:00:00Z', null)], [{ from: '2026-11-04T00:00:00Z', to: '2026-11-05T00:00:00Z', state: '', reason: '' }], '2026-11-01T00:00:00Z', null, '2026-11-06T00:00:00Z', now)
    expect(way?.steps.map((s) => [s.left, s.width])).toEqual([[0, 0.2], [0.2, 0.8]])
    expect(way?.pauses[0]?.left).toBeCloseTo(0.3)
    expect(way?.due).toBeCloseTo(0.5)
    expect(way?.now).toBe(1)
  })

  it('reaches to a date that is still to come', () => {
    const way = wayOf([step('2026-11-01T00:00:00Z', null)], [], null, null, '2026-11-21T00:00:00Z', now)
    expect(way?.due).toBe(1)
    expect(way?.now).toBeCloseTo(0.5)
    expect(way?.steps[0]?.width).toBeCloseTo(0.5)
  })

  it('is nothing where nothing is known, and survives ends before beginnings', () => {
    expect(wayOf([step(null, null)], [], null, null, null, now)).toBeNull()
    expect(wayOf([step('2026-11-05T00:00:00Z', '2026-11-01T00:00:00Z')], [], '2026-11-01T00:00:00Z', null, null, now)?.steps[0]?.width).toBeGreaterThan(0)
    expect(secondsOf(step('2026-11-05T00:00:00Z', '2026-11-01T00:00:00Z'), now)).toBe(0)
    expect(secondsOf(step(null, null), now)).toBeNull()
  })
})
