import { expect, it } from 'vitest'
import { awayNow, spelled } from './data'

const now = Date.parse('2026-11-26T00:00:00Z')
it.each([
  [null, 'none'],
  [{ from: '2026-11-25T00:00:00Z', until: '2026-11-26T00:00:00Z' }, 'over'],
  [{ from: '2026-11-26T00:00:00Z', until: '2026-11-28T00:00:00Z' }, 'away'],
  [{ from: '2026-11-27T00:00:00Z', until: '2026-11-28T00:00:00Z' }, 'coming'],
])('leave %j is %s', (a, want) => expect(awayNow(a, now)).toBe(want))
it.each([['ABCDEFGHIJ', 'ABCD EFGH IJ'], ['ABCD', 'ABCD'], ['', '']])('%s is spelled %s', (secret, want) => expect(spelled(secret)).toBe(want))
