import { describe, expect, it } from 'vitest'
import { differences, entityLink, isInstant, leaves, unchanged } from './diff'

describe('differences', () => {
  it.each([
    ['nothing', { a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }, []],
    ['a field', { name: 'An', unit: 'syt' }, { name: 'Bình', unit: 'syt' }, ['name: An → Bình']],
    ['deep and in lists', { a: { b: [{ c: 1 }] } }, { a: { b: [{ c: 2 }, { c: 3 }] } }, ['a.b[1].c: 1 → 2', 'a.b[2].c: – → 3']],
    ['made', undefined, { name: 'An', none: null }, ['name: – → An']],
    ['gone', { name: 'An', roles: ['duty', 'unit'] }, null, ['name: An → –', 'roles: duty, unit → –']],
    ['a kind', { a: 1 }, { a: { b: 1 } }, ['a.b: – → 1', 'a: 1 → –']],
    ['false is something', { on: false }, { on: true }, ['on: false → true']],
  ])('%s', (_, before, after, want) => expect(differences(before, after).map((d) => `${d.path}: ${d.before ?? '–'} → ${d.after ?? '–'}`)).toEqual(want))
  it('counts what stayed', () => expect(unchanged({ a: 1, b: 2, c: [3] }, { a: 1, b: 5, c: [3] })).toBe(2))
})

it('leaves of a plain value are the value', () => expect([...leaves('x', 'v')]).toEqual([['v', 'x']]))
it.each([['2026-11-26T01:02:03Z', true], ['2026-11-26T01:02:03.123456+07:00', true], ['2026-11-26', false], ['12', false]])('%s is an instant: %s', (v, want) => expect(isInstant(v)).toBe(want))
it.each([['user', 'u 1', '/people/u%201'], ['org_unit', 'syt', '/org?unit=syt'], ['boat', 'b', '']])('%s %s leads to %j', (e, id, want) => expect(entityLink(e, id)).toBe(want))
