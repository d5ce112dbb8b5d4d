import { describe, expect, it } from 'vitest'
import { generate, rules } from './password'

const broken = (p: string, u = ''): string[] => rules.filter((r) => !r.holds(p, u)).map((r) => r.key)

describe('rules', () => {
  it.each([
    ['', ['length', 'lower', 'upper', 'digit', 'special', 'name']],
    ['short', ['length', 'upper', 'digit', 'special']],
    ['Mật-khẩu-dài-12', []],
    ['duty-Phải-có-12', ['name']],
  ])('of %j break %j', (password, want) => expect(broken(password, 'duty')).toEqual(want))
})

describe('generate', () => {
  it('keeps the rules, whatever the dice say', () => {
    for (let n = 0; n < 50; n++) expect(broken(generate())).toEqual([])
    expect(broken(generate((n) => new Uint8Array(n)))).toEqual([])
    expect(broken(generate((n) => new Uint8Array(n).fill(255)))).toEqual([])
  })
  it('is not twice the same', () => expect(generate()).not.toBe(generate()))
})
