import { expect, it } from 'vitest'
import type { DutyUnit } from '@/api/duty'
import { standing } from './units'

const unit = (code: string, name: string, kind: string, valid_to: string | null = null): DutyUnit => ({ code, name, name_en: name, kind, parent: '', valid_from: null, valid_to, successor: '' })

it('leaves out the dissolved and puts agencies first', () => {
  const got = standing([unit('2', 'Phường Thanh Khê', 'ward'), unit('1', 'Sở Xây dựng', 'agency'), unit('3', 'Phường An Khê', 'ward'), unit('9', 'Quận Hải Châu', 'district', '2025-06-30')])
  expect(got.map((u) => u.code)).toEqual(['1', '3', '2'])
})
