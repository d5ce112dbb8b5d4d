import { describe, expect, it } from 'vitest'
import { balance, type Counts, editable, kindKey, type Letter, pretty, slower, tone } from './data'

const counts = (more: Partial<Counts> = {}): Counts => ({ received: 10, stored: 5, duplicate: 2, rejected: 1, quarantined: 1, in_flight: 1, ...more })
const letter = (more: Partial<Letter> = {}): Letter => ({ id: '1', source: 's', at: '', code: '', detail: '', raw: 'a;b', state: 'open', kind: 'unread', ...more })

describe('balance', () => {
  it('is nothing when all that came is somewhere', () => expect(balance(counts())).toBe(0))
  it('says how many are lost', () => expect(balance(counts({ stored: 3 }))).toBe(2))
})

it.each([[100, 'good'], [90, 'good'], [70, 'sev-2'], [12, 'sev-4'], [null, 'sev-4']] as const)('a score of %s is %s', (score, want) => expect(tone(score)).toBe(want))

it('slower forgives half a rhythm and knows nothing without one', () => {
  expect(slower(600, 800)).toBe(false)
  expect(slower(600, 1800)).toBe(true)
  expect(slower(0, 1800)).toBe(false)
  expect(slower(600, null)).toBe(false)
})

describe('editable', () => {
  it('is the reading where there is one', () => expect(JSON.parse(editable(letter({ reading: { datastream: 'a', value: 99 } })))).toEqual({ datastream: 'a', value: 99 }))
  it('is the piece as it came otherwise, tabs and all', () => expect(editable(letter({ raw: 'time\tvalue\n1\tx' }))).toBe('time\tvalue\n1\tx'))
})

it('pretty leaves alone what is no JSON', () => {
  expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}')
  expect(pretty('7,21')).toBe('7,21')
})

it('kindKey knows the connectors', () => {
  expect(kindKey('mqtt')).toBe('mqtt')
  expect(kindKey('carrier_pigeon')).toBe('other')
})
