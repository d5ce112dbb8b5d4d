import { afterEach, describe, expect, it } from 'vitest'
import { fromLocal, toLocal } from './local'
import { setZone } from './when'

afterEach(() => setZone('Asia/Ho_Chi_Minh'))

describe('local time', () => {
  it('is the city\'s, whatever the browser\'s zone', () => {
    expect(toLocal('2020-10-18T23:00:00Z')).toBe('2020-10-19T06:00')
    expect(fromLocal('2020-10-19T06:00')).toBe(Date.parse('2020-10-18T23:00:00Z'))
  })
  it('keeps seconds where there are some', () => expect(toLocal('2020-10-18T23:00:07Z')).toBe('2020-10-19T06:00:07'))
  it('comes back the same around a change of clocks', () => {
    setZone('Europe/Berlin')
    for (const t of ['2026-03-29T00:30:00Z', '2026-03-29T01:30:00Z', '2026-07-01T12:00:00Z']) expect(fromLocal(toLocal(t))).toBe(Date.parse(t))
  })
  it('is null for what is no time', () => {
    expect(fromLocal('')).toBeNull()
    expect(fromLocal('19/10')).toBeNull()
  })
})
