import { expect, it } from 'vitest'
import { impersonal, pageAt, sceneAt, scenes } from './wall'

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

it('shows the next ten each time the list comes back, the first after news, no more than thirty', () => {
  const list = Array.from({ length: 85 }, (_, i) => i)
  const at = (s: number): number | undefined => pageAt(s * 1000, 0, 20, scenes, list)[0]
  expect([at(0), at(19), at(60), at(125), at(185)]).toEqual([0, 0, 10, 20, 0])
  expect(pageAt(60_000, 60_000, 20, scenes, list)[0]).toBe(0)
  expect(pageAt(65_000, 0, 20, scenes, [1, 2])).toEqual([1, 2])
  expect(pageAt(65_000, 0, 20, scenes, [])).toEqual([])
})
