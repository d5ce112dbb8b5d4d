import { describe, expect, it } from 'vitest'
import { readCamera, readPick, writeCamera, writePick } from './state'

describe('the camera in the address', () => {
  it('survives the way there and back', () => expect(readCamera(writeCamera({ lon: 108.2, lat: 16.05, zoom: 11.5 }))).toEqual({ lon: 108.2, lat: 16.05, zoom: 11.5 }))
  it.each(['', '1,2', 'a,b,c', '108,95,3', '1,2,NaN'])('refuses %j', (text) => expect(readCamera(text)).toBeUndefined())
})

describe('the selection in the address', () => {
  it('keeps colons in ids', () => expect(readPick(writePick({ layer: 'rain', id: 'a:b' }))).toEqual({ layer: 'rain', id: 'a:b' }))
  it.each(['', 'rain', ':x', 'rain:'])('refuses %j', (text) => expect(readPick(text)).toBeNull())
  it('writes nothing for nothing', () => expect(writePick(null)).toBe(''))
})
