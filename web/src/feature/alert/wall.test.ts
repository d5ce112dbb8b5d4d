import { expect, it } from 'vitest'
import { impersonal, sceneAt, scenes } from './wall'

it('hides numbers of persons and keeps measurements', () => {
  expect(impersonal('Ông A 0905 123 456 báo ngập 55 cm lúc 19:42')).toBe('Ông A ••• báo ngập 55 cm lúc 19:42')
  expect(impersonal('CCCD 048199001234')).toBe('CCCD •••')
  expect(impersonal('Mực nước 2,61 m trên BĐ3')).toBe('Mực nước 2,61 m trên BĐ3')
})

it('rotates the scenes and begins anew after an interruption', () => {
  expect([0, 19, 20, 40, 60].map((s) => sceneAt(s * 1000, 0, 20, scenes))).toEqual(['alerts', 'alerts', 'map', 'figures', 'alerts'])
  expect(sceneAt(45_000, 40_000, 20, scenes)).toBe('alerts')
  expect(sceneAt(0, 5000, 20, [])).toBe('alerts')
})
