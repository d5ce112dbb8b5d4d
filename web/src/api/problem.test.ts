import { expect, it } from 'vitest'
import { problemOf } from './problem'

const answer = (body: string, status = 422): Response => new Response(body, { status })

it('reads problem+json with its fields', async () => {
  const p = await problemOf(answer(JSON.stringify({ status: 422, code: 'source.name_taken', detail: 'tên đã có', request_id: 'r1', errors: [{ path: 'name', code: 'x', detail: 'đã có' }] })))
  expect([p.code, p.detail, p.requestId, p.at('name'), p.at('kind')]).toEqual(['source.name_taken', 'tên đã có', 'r1', 'đã có', ''])
})
it('makes a problem of what is none, as a proxy sends', async () => {
  const p = await problemOf(answer('<html>Bad gateway', 502))
  expect([p.status, p.code, p.detail]).toEqual([502, 'http.502', ''])
})
