import { describe, expect, it } from 'vitest'
import type { OrgUnit } from '@/api/org'
import { matches } from '@/lib/collate'
import { unitRows, unitTree } from './orgunits'

const unit = (code: string, name: string, parent = '', over: Partial<OrgUnit> = {}): OrgUnit => ({ code, name, name_en: '', kind: 'department', parent, valid_from: null, valid_to: null, successors: null, predecessors: null, legal: '', ward: false, in_force: true, people: 0, children: 0, ...over })
const ward = (code: string, name: string): OrgUnit => unit(code, name, 'ubnd', { kind: 'ward', ward: true })
const units = [ward('2', 'Xã Hòa Vang'), ward('1', 'Phường An Hải'), unit('syt', 'Sở Y tế', 'ubnd'), unit('cdc', 'Trung tâm CDC', 'syt'), unit('ubnd', 'UBND thành phố', '', { kind: 'city' }), unit('ca', 'Công an thành phố')]
const codes = (list: { unit: OrgUnit }[]): string => list.map((n) => n.unit.code).join(' ')

describe('unitTree', () => {
  it('hangs agencies before wards, by name without the kind, the city first', () => {
    const roots = unitTree(units)
    expect(codes(roots)).toBe('ubnd ca')
    expect(codes(roots[0]?.children ?? [])).toBe('syt 1 2')
  })
  it('loses nothing: an unknown parent or a circle makes roots', () => {
    expect(codes(unitTree([unit('a', 'A', 'gone'), unit('b', 'B', 'c'), unit('c', 'C', 'b'), unit('d', 'D', 'd'), unit('e', 'E', 'b')]))).toBe('a b c d')
    expect(unitTree([])).toEqual([])
  })
})

describe('unitRows', () => {
  const roots = unitTree(units)
  it('shows what is open, with the place among siblings', () => {
    const rows = unitRows(roots, new Set(['ubnd']))
    expect(codes(rows)).toBe('ubnd syt 1 2 ca')
    expect(rows[1]).toMatchObject({ level: 2, place: 1, siblings: 3, children: 1, open: false })
  })
  it('finds without tones, keeps the way there and says what was found', () => {
    const rows = unitRows(roots, new Set(), (u) => matches(u.name, 'hoa vang'))
    expect(codes(rows)).toBe('ubnd 2')
    expect(rows.map((r) => r.hit)).toEqual([false, true])
    expect(unitRows(roots, new Set(), () => false)).toEqual([])
  })
})
