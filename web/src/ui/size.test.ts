import { expect, it } from 'vitest'
import { sizeOf } from './size'

it('says a size in the unit that people read', () => {
  expect(sizeOf(0)).toEqual({ value: 0, unit: 'B', digits: 0 })
  expect(sizeOf(2048)).toEqual({ value: 2, unit: 'kB', digits: 0 })
  expect(sizeOf(26_214_400)).toEqual({ value: 25, unit: 'MB', digits: 1 })
})
