import { expect, it } from 'vitest'
import { left } from './countdown'

const at = Date.parse('2026-11-23T12:00:00Z')

it('counts down, warns, then counts up', () => {
  expect(left(at, at - 3_600_000, 900)).toEqual({ state: 'ok', seconds: 3600 })
  expect(left(at, at - 900_000, 900)).toEqual({ state: 'soon', seconds: 900 })
  expect(left(at, at, 900)).toEqual({ state: 'soon', seconds: 0 })
  expect(left(at, at + 61_000, 900)).toEqual({ state: 'late', seconds: 61 })
})
