import { expect, it } from 'vitest'
import { safeNext } from './next'

it.each([['/map?t=1', '/map?t=1'], ['//evil.example', '/'], ['/\\evil', '/'], ['https://evil.example', '/'], [undefined, '/'], [['/a'], '/']])('%j goes to %s', (next, want) => expect(safeNext(next)).toBe(want))
