import { describe, expect, it } from 'vitest'
import { dayOf, yearEnds } from './data'

const toDay = (ms: number): string => new Date(ms + 7 * 3_600_000).toISOString().slice(0, 10)

it('year ends, the newest first', () => expect(yearEnds('2026-11-26', 2)).toEqual(['2025-12-31', '2024-12-31']))

describe('dayOf', () => {
  const district = { valid_from: null, valid_to: '2025-06-30T17:00:00Z' }
  const ward = { valid_from: '2025-06-30T17:00:00Z', valid_to: null }
  it.each([
    [district, '2026-11-26', '2025-06-30'],
    [district, '2024-12-31', '2024-12-31'],
    [ward, '2024-12-31', '2025-07-01'],
    [ward, '2026-11-26', '2026-11-26'],
    [{ valid_from: null, valid_to: null }, '2026-11-26', '2026-11-26'],
  ])('%j at %s is seen on %s', (u, at, want) => expect(dayOf(u, at, toDay)).toBe(want))
})
