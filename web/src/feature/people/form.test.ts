import { describe, expect, it } from 'vitest'
import { subjects } from '@/work/permissions'
import { changed } from './data'
import { draftOf, emptyGrant } from './form'

describe('draftOf', () => {
  const form = { ...emptyGrant('syt'), from: '2026-12-01', until: '2026-12-31', reason: ' QĐ 12 ' }
  it('sends instants of the city, and the reason without its margins', () => {
    expect(draftOf(form)).toEqual({ role: 'unit', unit: 'syt', areas: [], services: [], ceiling: 'internal', from: '2026-11-30T17:00:00.000Z', until: '2026-12-31T17:00:00.000Z', reason: 'QĐ 12' })
  })
  it('leaves out what was not said, and for a diff what changes no right', () => {
    expect(draftOf({ ...form, from: '', until: '' })).not.toHaveProperty('until')
    expect(Object.keys(draftOf(form, true))).toEqual(['role', 'unit', 'areas', 'services', 'ceiling', 'until'])
  })
})

it('changed keeps only what differs: a masked phone that nobody touched is not sent back', () => {
  expect(changed({ name: 'An', phone: '', disabled: false }, { name: 'An', phone: '', disabled: true })).toEqual({ disabled: true })
})

it('subjects gather permissions by what they are about', () => {
  expect(subjects([{ permission: 'case.view' }, { permission: 'unit.view' }, { permission: 'case.edit' }]).map(([s, l]) => `${s} ${l.length}`)).toEqual(['case 2', 'unit 1'])
  expect(subjects(null)).toEqual([])
})
