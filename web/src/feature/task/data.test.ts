import { describe, expect, it } from 'vitest'
import type { BoardRow, Standing, Task } from '@/api/incident'
import { counts, groups, newcomers, readOrigin, sortBoard } from './data'

const task = (id: string, standing: Standing, due: string, state: Task['state'] = 'accepted'): Task => ({ id, standing, due, state }) as Task
const row = (name: string, late: number, total: number): BoardRow => ({ unit: name, name, late, total, on_time: 0, due_soon: 0, waiting: 0, done: 0 })

it('groups by urgency and leaves out empty groups', () => {
  const all = [task('a', 'on_time', '2026-01-03T00:00:00Z'), task('b', 'late', '2026-01-02T00:00:00Z'), task('c', 'late', '2026-01-01T00:00:00Z'), task('d', 'done', '2026-01-01T00:00:00Z')]
  expect(groups(all).map((g) => [g.standing, g.tasks.map((t) => t.id)])).toEqual([['late', ['c', 'b']], ['on_time', ['a']]])
  expect(counts(all)).toEqual({ on_time: 1, due_soon: 0, late: 2, waiting: 0, done: 1 })
})

it('finds what nobody has accepted', () => {
  expect(newcomers([task('a', 'late', '', 'sent'), task('b', 'late', '')]).map((t) => t.id)).toEqual(['a'])
})

it('sorts the board either way, ties by name', () => {
  const rows = [row('B', 1, 4), row('Á', 1, 2), row('C', 3, 3)]
  expect(sortBoard(rows, '-late').map((r) => r.name)).toEqual(['C', 'Á', 'B'])
  expect(sortBoard(rows, 'name').map((r) => r.name)).toEqual(['Á', 'B', 'C'])
  expect(sortBoard(rows, '-nonsense').map((r) => r.name)).toEqual(['Á', 'B', 'C'])
})

describe('what a directive starts from', () => {
  it('comes from the address', () => {
    expect(readOrigin({ new: '1', alert: 'a1', lon: '108.2', lat: '16.05', title: 'Ngập', link: '/alerts/a1', unit: '20242' })).toEqual({ alert: 'a1', lon: 108.2, lat: 16.05, title: 'Ngập', link: '/alerts/a1', units: ['20242'] })
  })
  it('has no place that is none and no foreign link', () => {
    expect(readOrigin({ lon: '999', lat: 'x', link: '//evil.example', title: ['x'] })).toEqual({})
    expect(readOrigin({ link: 'javascript:alert(1)' })).toEqual({})
  })
})
