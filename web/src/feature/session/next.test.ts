import { expect, it } from 'vitest'
import { cameBack, safeNext } from './next'

it.each([['/map?t=1', '/map?t=1'], ['//evil.example', '/'], ['/\\evil', '/'], ['https://evil.example', '/'], [undefined, '/'], [['/a'], '/']])('%j goes to %s', (next, want) => expect(safeNext(next)).toBe(want))

it('a second step after single sign-on is read from the address', () => {
  expect(cameBack({ second: 't1', methods: 'totp,recovery,evil' })).toEqual({ ticket: 't1', methods: ['totp', 'recovery'] })
  for (const query of [{}, { second: '' }, { second: ['a'] }]) expect(cameBack(query)).toBeNull()
})
