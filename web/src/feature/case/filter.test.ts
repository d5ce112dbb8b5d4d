import { expect, it } from 'vitest'
import { asked, between, withinPeriod } from './filter'

it('asks for groups of classes by their parts', () => {
  expect(asked('ended')).toBe('late,on_time,early')
  expect(asked('all')).toBe('')
  expect(asked('overdue')).toBe('overdue')
})

it('narrows to the period what has ended, not what is open', () => {
  expect(withinPeriod({ period: 'year', class: 'late' })).toBe(true)
  expect(withinPeriod({ period: 'year', class: 'overdue' })).toBe(false)
  expect(withinPeriod({ day: '2026-01-01', class: 'all', received: '1' })).toBe(true)
  expect(withinPeriod({ class: 'late' })).toBe(false)
})

it('takes instants that an address says in full as they are', () => {
  const period = { from: 'a', to: 'b' }
  expect(between({ class: 'late', from: '2026-10-31T17:00:00Z' }, period)).toEqual({ from: '2026-10-31T17:00:00Z', to: undefined })
  expect(between({ class: 'late', period: 'span', from: '2026-10-01', to: '2026-10-31' }, period)).toEqual({ from: 'a', to: 'b' })
  expect(between({ class: 'overdue', period: 'year' }, period)).toEqual({})
})
