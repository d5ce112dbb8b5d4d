import { expect, it } from 'vitest'
import { emptySop, emptyStep, moved, slug, wrong } from './draft'

it('moves a step up and down, never out of the list', () => {
  expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b'])
  expect(moved(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c'])
  expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b'])
  expect(moved(['a', 'b'], 1, 2)).toEqual(['a', 'b'])
})

it('makes an id of a Vietnamese title', () => {
  expect(slug('Ngập đường phố (cấp 2)')).toBe('ngap-duong-pho-cap-2')
  expect(slug('—')).toBe('')
})

it('says what keeps it from being saved', () => {
  expect(wrong(emptySop())).toEqual({ 'title.vi': 'sop.need_title', 'steps[0].title.vi': 'sop.need_title' })
  expect(wrong({ ...emptySop(), title: { vi: 'Ngập', en: '' }, steps: [] })).toEqual({ steps: 'sop.need_steps' })
  expect(wrong({ ...emptySop(), title: { vi: 'Ngập', en: '' }, steps: [{ ...emptyStep(), title: { vi: 'x', en: '' }, minutes: 0 }] })).toEqual({ 'steps[0].minutes': 'sop.need_minutes' })
  expect(wrong({ ...emptySop(), title: { vi: '!', en: '' }, steps: [{ ...emptyStep(), title: { vi: 'x', en: '' } }] })).toEqual({ 'title.vi': 'sop.need_longer' })
  expect(wrong({ ...emptySop(), title: { vi: 'Ngập', en: '' }, steps: [{ ...emptyStep(), title: { vi: 'x', en: '' } }] })).toEqual({})
})
