import { expect, it } from 'vitest'
import type { Matcher } from '@/api/alert'
import { complete, cycleOf } from './matcher'

const is = (value: string): Matcher[] => [{ label: 'rule', op: '=', value }]

it('keeps only conditions that say something', () => {
  expect(complete([...is(' a '), ...is('  ')])).toEqual(is('a'))
})

it('finds rules that hide each other in a circle', () => {
  const rule = (id: string, from: string, to: string) => ({ id, source: is(from), target: is(to) })
  expect(cycleOf([rule('1', 'a', 'b'), rule('2', 'b', 'c'), rule('3', 'c', 'a')])).toEqual(['1', '2', '3'])
  expect(cycleOf([rule('1', 'a', 'b'), rule('2', 'b', 'c'), rule('3', 'a', 'c')])).toEqual([])
  expect(cycleOf([rule('1', 'a', 'a')])).toEqual(['1'])
  expect(cycleOf([{ id: '1', source: null, target: is('a') }])).toEqual([])
})
