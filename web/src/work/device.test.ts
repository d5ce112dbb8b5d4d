import { expect, it } from 'vitest'
import { device } from './device'

it.each([
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36', 'Chrome · Windows', false],
  ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0', 'Edge · Windows', false],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18 Mobile Safari/604', 'Safari · iPhone', true],
  ['Mozilla/5.0 (Linux; Android 15) Chrome/141 Mobile Safari/537', 'Chrome · Android', true],
  ['curl/8.5.0', 'curl', false],
  ['', '', false],
])('%s', (agent, name, phone) => expect(device(agent)).toEqual({ name, phone }))
