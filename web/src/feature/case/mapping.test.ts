import { expect, it } from 'vitest'
import { emptyForm, fromMapping, pairs, suggest, toMapping, twice } from './mapping'

const fields = ['code', 'due', 'unit', 'state', 'received']

it('goes from columns to a mapping and back', () => {
  const f = { ...emptyForm(), columns: { MA_HO_SO: 'code', GHI_CHU: '', HEN: 'due' }, constants: 'unit=H17.19', exprs: 'state=lower(tt)', time_format: 'dd/MM/yyyy' }
  const m = toMapping(f)
  expect(m).toEqual({ code: { column: 'MA_HO_SO' }, due: { column: 'HEN' }, state: { expr: 'lower(tt)' }, constants: { unit: 'H17.19' }, zone: 'Asia/Ho_Chi_Minh', time_format: 'dd/MM/yyyy' })
  expect(toMapping(fromMapping(m, fields))).toEqual(m)
})

it('keeps what the form does not show', () => {
  const m = { code: { column: 'a' }, due: { column: 'b', format: 'yyyyMMdd' }, where: 'x > 1', skip_rows: 2 }
  expect(toMapping(fromMapping(m, fields))).toEqual(m)
})

it('reads lines with a sign in them', () => {
  expect(pairs('unit = H17.19\n\nnonsense\n=x\nstate=if(a=1, "x", "y")')).toEqual([['unit', 'H17.19'], ['state', 'if(a=1, "x", "y")']])
})

it('suggests only what is free, and finds what is said twice', () => {
  const s = suggest({ ...emptyForm(), columns: { ma: 'code' }, constants: 'unit=1' }, [{ name: 'ma', suggestion: 'code' }, { name: 'so', suggestion: 'code' }, { name: 'dv', suggestion: 'unit' }, { name: 'han', suggestion: 'due' }])
  expect(s.columns).toEqual({ ma: 'code', so: '', dv: '', han: 'due' })
  expect(twice({ ...s, columns: { ...s.columns, so: 'code' } })).toEqual(['code'])
})
