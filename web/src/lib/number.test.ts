import { describe, expect, it } from 'vitest'
import { amount, number, percent, signed, unitName } from './number'

describe('numbers', () => {
  it('follow the language', () => {
    expect(number(1234.5, 'vi')).toBe('1.234,5')
    expect(number(1234.5, 'en')).toBe('1,234.5')
  })
  it('never turn no data into 0', () => expect([null, undefined, Number.NaN].map((v) => number(v, 'vi'))).toEqual(['—', '—', '—']))
  it('carry the decimals of their unit', () => {
    expect(amount(10.1, 'm', 'vi')).toBe('10,10\u00a0m')
    expect(amount(112, 'mm', 'vi')).toBe('112,0\u00a0mm')
    expect(amount(21.25, 'Cel', 'en')).toBe('21.3\u00a0°C')
    expect(amount(null, 'm', 'vi')).toBe('—')
  })
  it('write signs and ratios', () => {
    expect(signed(-0.7, 'vi', 1)).toBe('−0,7')
    expect(signed(3, 'vi')).toBe('+3')
    expect(percent(0.974, 'vi', 1)).toBe('97,4\u00a0%')
  })
  it('say -0 as 0', () => expect(number(-0, 'vi')).toBe('0'))
  it('unwrap UCUM annotations', () => expect([unitName('{station}'), unitName('{tàu}'), unitName('m3/s')]).toEqual(['', 'tàu', 'm³/s']))
})
