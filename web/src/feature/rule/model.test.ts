import { describe, expect, it } from 'vitest'
import type { RuleDraft } from '@/api/rule'
import { caret } from './expr'
import { differences, draftOf, emptyDraft, fill, mark } from './data'
import { apart, asText, change, isForm, numberOf, opposite, propertyOf, scale, together, unitOf } from './model'

const draft = (d: Partial<RuleDraft>): RuleDraft => ({ ...emptyDraft(), ...d })

describe('thresholds', () => {
  it('come apart and together again', () => {
    expect(apart('>= bd1 - 0.05')).toEqual({ op: '>=', than: 'bd1 - 0.05' })
    expect(apart('has frozen|toggling')).toEqual({ op: 'has', than: 'frozen|toggling' })
    expect(apart('')).toEqual({ op: '', than: '' })
    expect(together('>=', '0,3')).toBe('>= 0.3')
    expect(together('<', ' ')).toBe('')
    expect(together('>', 'bd3 + 0.5')).toBe('> bd3 + 0.5')
    expect(numberOf('< 0.2')).toBe(0.2)
    expect(numberOf('>= bd2')).toBeNull()
    expect(opposite('>=')).toBe('<')
  })

  it('stand on a scale, named ones a step apart', () => {
    expect(scale([{ severity: 3, raise: '>= 0.3', clear: '< 0.2' }, { severity: 4, raise: '>= 0.5', clear: '' }])).toMatchObject({ low: 0, up: true, marks: [{ raise: 0.3, clear: 0.2 }, { raise: 0.5, clear: null }] })
    expect(scale([{ severity: 2, raise: '>= bd1', clear: '' }, { severity: 3, raise: '>= bd2', clear: '' }])?.marks.map((m) => m.raise)).toEqual([1, 2])
    expect(scale([{ severity: 2, raise: '', clear: '' }])).toBeNull()
    expect(scale([{ severity: 1, raise: 'has frozen', clear: '' }])).toBeNull()
    expect(scale([{ severity: 1, raise: '< -30', clear: '> -15' }])?.up).toBe(false)
  })
})

describe('the form', () => {
  it('knows what it can show', () => {
    expect(isForm(draft({}))).toBe(true)
    expect(isForm(draft({ kind: 'promql', expr: 'rain' }))).toBe(false)
    expect(isForm(draft({ kind: 'sum', expr: 'rain / 2' }))).toBe(false)
    expect(propertyOf(draft({ kind: 'threshold', expr: 'rain', where: {} }))).toBe('rain')
    expect(unitOf(draft({ kind: 'silence', where: { property: 'rain' } }))).toBe('s')
    expect(unitOf(draft({ kind: 'sum', where: { property: 'rain' } }))).toBe('mm')
  })

  it('gives a kind what it needs and takes it away again', () => {
    const d = draft({})
    change(d, 'silence', 'rain')
    expect(d).toMatchObject({ kind: 'silence', where: { property: 'rain' }, window_seconds: 0, guard: { count: 2, op: '>' } })
    change(d, 'sum', 'rain')
    expect(d).toMatchObject({ guard: null, window_seconds: 3600 })
    change(d, 'flag', 'rain')
    expect(d.levels?.[0]?.raise).toBe('has frozen|toggling')
    asText(d, 'rain:flags')
    expect(d).toMatchObject({ kind: 'promql', expr: 'rain:flags', where: {} })
  })
})

it('underlines the word at a position, or the last character', () => {
  expect(caret('sum(rain', 5)).toEqual({ from: 4, to: 8 })
  expect(caret('sum(rain', 9)).toEqual({ from: 7, to: 8 })
  expect(caret('rain', 0)).toBeNull()
  expect(caret('"đ" + x', 7)).toEqual({ from: 6, to: 7 })
})

it('tells two definitions apart by their fields', () => {
  const a = draft({ levels: [{ severity: 3, raise: '>= 0.3', clear: '' }] })
  const b = draft({ levels: [{ severity: 3, raise: '>= 0.4', clear: '' }, { severity: 4, raise: '>= 0.5', clear: '' }], for_seconds: 60 })
  expect(differences(a, b).map((c) => [c.path, c.before, c.after])).toEqual([['for_seconds', '0', '60'], ['levels.3.raise', '>= 0.3', '>= 0.4'], ['levels.4.severity', '', '4'], ['levels.4.raise', '', '>= 0.5']])
  expect(differences(a, draftOf(a))).toEqual([])
})

it('marks what presses most', () => {
  expect(mark({ state: 'draft', enabled: true, live_version: 2, version: 3 })).toEqual({ key: 'live', extra: 'draft' })
  expect(mark({ state: 'live', enabled: false, live_version: 3, version: 3 })).toEqual({ key: 'off', extra: '' })
  expect(mark({ state: 'review', enabled: true, live_version: 0, version: 1 })).toEqual({ key: 'review', extra: '' })
})

it('fills a message and leaves what it does not know', () => expect(fill('{name}: {value} {x}', { name: 'A', value: '3' })).toBe('A: 3 {x}'))
