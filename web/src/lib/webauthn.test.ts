import { expect, it } from 'vitest'
import { bytes, creationOptions, requestOptions, text } from './webauthn'

it('base64url goes there and back, without padding', () => {
  for (const n of [0, 1, 2, 3, 32]) {
    const data = Uint8Array.from({ length: n }, (_, i) => (i * 97 + 250) % 256)
    const coded = text(data.buffer)
    expect(coded).not.toMatch(/[+/=]/)
    expect([...bytes(coded)]).toEqual([...data])
  }
})

it('options are unwrapped, their ids and challenges become bytes', () => {
  const made = creationOptions({ publicKey: { challenge: 'AQID', rp: { name: 'IOC' }, user: { id: 'BA', name: 'an', displayName: 'An' }, excludeCredentials: [{ id: 'BQ', type: 'public-key' }] } })
  expect([...(made.challenge as Uint8Array)]).toEqual([1, 2, 3])
  expect([...(made.user.id as Uint8Array)]).toEqual([4])
  expect([...(made.excludeCredentials?.[0]?.id as Uint8Array)]).toEqual([5])
  expect(made.rp).toEqual({ name: 'IOC' })
  expect(requestOptions({ challenge: 'AQID' }).allowCredentials).toEqual([])
})
