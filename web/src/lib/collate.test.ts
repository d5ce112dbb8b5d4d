import { expect, it } from 'vitest'
import { compare, fold, matches } from './collate'

it('folds tones and đ', () => expect(fold(' Đà NẴNG ')).toBe('da nang'))
it('finds with and without tones, words in any order', () => {
  expect(matches('Tháp Mẹ Suốt – P. Liên Chiểu', 'lien chieu me suot')).toBe(true)
  expect(matches('Hoà Xuân', 'Hòa xuân')).toBe(true)
  expect(matches('Sơn Trà', 'hải châu')).toBe(false)
})
it('sorts as Vietnamese does', () => expect(['Đà', 'Em', 'Ân', 'An', 'Ẩn', 'Trạm 10', 'Trạm 9'].sort(compare)).toEqual(['An', 'Ân', 'Ẩn', 'Đà', 'Em', 'Trạm 9', 'Trạm 10']))
