import { describe, expect, it } from 'vitest'
import type { RetentionRow, SubjectFile } from '@/api/personal'
import { body, byKind, exportName, parted, readyToLook, standingOf } from './data'

const row = (kind: RetentionRow['kind'], from: string, in_force = false): RetentionRow => ({ kind, months: 12, from, legal: 'QĐ', status: 'confirmed', in_force })
const file = (id: string, reason?: 'open' | 'retention'): SubjectFile => ({ id, kept: reason ? { reason, text: { vi: '', en: '' }, until: null, legal: '' } : null }) as SubjectFile

describe('retention rows', () => {
  it('stand by kind, the newest first, with a kind that has none', () => {
    const got = byKind([row('case_applicant', '2020-01-01'), row('case_applicant', '2026-01-01')])
    expect(got.map((g) => [g.kind, g.rows.map((r) => r.from)])).toEqual([['case_applicant', ['2026-01-01', '2020-01-01']], ['case_rejected', []]])
  })

  it('hold, will hold or did', () => {
    expect(standingOf(row('case_applicant', '2026-01-01', true), '2026-11-26')).toBe('in_force')
    expect(standingOf(row('case_applicant', '2027-01-01'), '2026-11-26')).toBe('coming')
    expect(standingOf(row('case_applicant', '2020-01-01'), '2026-11-26')).toBe('past')
  })
})

describe('an erasure', () => {
  it('names what stays, by reason', () => {
    const p = parted({ files: [file('1'), file('2', 'retention'), file('3', 'open'), file('4', 'open')] })
    expect(p.going.map((f) => f.id)).toEqual(['1'])
    expect(p.staying.map((s) => [s.reason, s.files.map((f) => f.id)])).toEqual([['open', ['3', '4']], ['retention', ['2']]])
    expect(parted({ files: null })).toEqual({ going: [], staying: [] })
  })

  it('needs a key and a reason, which go in the body', () => {
    expect(readyToLook(' ', 'Công dân đề nghị')).toBe(false)
    expect(readyToLook('0905123456', 'vì ')).toBe(false)
    expect(readyToLook('0905123456', 'Công dân đề nghị')).toBe(true)
    expect(body('phone', ' 0905 123 456 ', ' Công dân đề nghị ')).toEqual({ phone: '0905 123 456', reason: 'Công dân đề nghị' })
  })
})

it('a downloaded file does not name the person', () => {
  expect(exportName('2026-11-26T19:12:37.5Z')).toBe('du-lieu-ca-nhan-2026-11-26-191237.json')
})
