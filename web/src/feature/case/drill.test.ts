import { describe, expect, it } from 'vitest'
import { back, crumbs, down, files } from './drill'

describe('the way down', () => {
  it('is three clicks from the city to a file', () => {
    const one = down('unit', '20242', { period: 'month', day: '2026-11-26', by: 'unit' })
    expect(one).toEqual({ path: '/cases/board', query: { period: 'month', day: '2026-11-26', unit: '20242', by: 'officer' } })
    const two = down('officer', 'cb1', one.query)
    expect(two).toEqual({ path: '/cases', query: { period: 'month', day: '2026-11-26', unit: '20242', officer: 'cb1' } })
    expect(back({ ...two.query, sort: 'due' })).toEqual(two.query) // third click: the file, with the way back
  })

  it('does not ask again for what is said', () => {
    expect(down('field', 'dd', {}).query['by']).toBe('procedure')
    expect(down('procedure', '1.004964', { field: 'dd' }).query['by']).toBe('unit')
    expect(down('procedure', '1.004964', { unit: '20242' }).query['by']).toBe('officer')
    expect(down('channel', 'online', { unit: '20242', officer: 'x' }).path).toBe('/cases')
  })

  it('leads to the files behind a figure', () => {
    expect(files({ by: 'unit', unit: '20242', q: 'x' }, { class: 'overdue' })).toEqual({ path: '/cases', query: { unit: '20242', class: 'overdue' } })
  })
})

describe('the way back', () => {
  it('names each choice, and where one is has no link', () => {
    const list = crumbs({ period: 'year', unit: '20242', officer: 'cb1' })
    expect(list.map((c) => c.key)).toEqual(['city', 'unit', 'officer'])
    expect(list[0]?.to).toEqual({ path: '/cases/board', query: { period: 'year' } })
    expect(list[1]?.to).toEqual({ path: '/cases/board', query: { period: 'year', unit: '20242', by: 'officer' } })
    expect(list[2]?.to).toBeNull()
  })

  it('ends at the file', () => {
    const list = crumbs({ unit: '20242', officer: 'cb1' }, 'H17.19-250701-0012')
    expect(list.at(-1)).toEqual({ key: 'file', value: 'H17.19-250701-0012', to: null })
    expect(list.at(-2)?.to).toEqual({ path: '/cases', query: { unit: '20242', officer: 'cb1' } })
    expect(crumbs({})).toEqual([{ key: 'city', value: '', to: null }])
  })
})
