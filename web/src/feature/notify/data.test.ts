import { expect, it } from 'vitest'
import type { Channel } from '@/api/notify'
import { fieldsOf, health, pairs } from './data'
import { keyBytes } from './push'

const channel = (c: Partial<Channel>): Channel => ({ id: 'c', name: 'c', kind: 'email', enabled: true, min_severity: 2, topics: [], units: [], config: {}, rate_per_minute: 0, digest_minutes: 0, state: { last_ok: null, last_error: '', waiting: 0, failed: 0 }, ...c })

it('says how a channel does', () => {
  expect(health(channel({ enabled: false }))).toBe('off')
  expect(health(channel({}))).toBe('new')
  expect(health(channel({ kind: 'inapp' }))).toBe('good')
  expect(health(channel({ state: { last_ok: '2026-11-26T00:00:00Z', last_error: '', waiting: 1, failed: 3 } }))).toBe('good')
  expect(health(channel({ state: { last_ok: '2026-11-26T00:00:00Z', last_error: 'HTTP 503', waiting: 1, failed: 0 } }))).toBe('failing')
  expect(health(channel({ state: { last_ok: null, last_error: '', waiting: 50, failed: 0 } }))).toBe('busy')
})

it('asks no settings of the channels that are built in', () => {
  expect(fieldsOf('inapp')).toEqual([])
  expect(fieldsOf('email').filter((f) => f.type === 'secret').map((f) => f.key)).toEqual(['password'])
  expect(pairs({ secrets: { token: '***' }, list: [1] }, 'secrets')).toEqual([['token', '***']])
  expect(pairs({ list: [1] }, 'list')).toEqual([])
})

it('reads a key in base64url', () => expect([...keyBytes('-_8B')]).toEqual([251, 255, 1]))
