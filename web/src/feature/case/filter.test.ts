import { expect, it } from 'vitest'
import { asked, withinPeriod } from './filter'

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
