import { describe, expect, it } from 'vitest'
import { fromLocal } from '@/lib/local'
import { byUrgency, needsReason, presets, sideOf, stepsOf } from './task'

const unit = { answers: true, gives: false }
const giver = { answers: false, gives: true }

describe('the next step of a task', () => {
  it('is the unit’s until it has finished', () => {
    expect(stepsOf({ state: 'sent', extension: null }, unit)[0]).toBe('accept')
    expect(stepsOf({ state: 'accepted', extension: null }, unit)[0]).toBe('start')
    expect(stepsOf({ state: 'in_progress', extension: null }, unit)[0]).toBe('finish')
    expect(stepsOf({ state: 'finished', extension: null }, unit)).toEqual(['comment'])
  })
  it('is the giver’s once it waits for confirmation', () => {
    expect(stepsOf({ state: 'finished', extension: null }, giver)).toEqual(['confirm', 'redo', 'comment'])
    expect(stepsOf({ state: 'returned', extension: null }, giver)[0]).toBe('readdress')
  })
  it('asks for more time once, and the giver answers', () => {
    const extension = { until: '2026-11-24T10:00:00Z', reason: 'mưa', by: null, at: '2026-11-23T10:00:00Z' }
    expect(stepsOf({ state: 'in_progress', extension }, unit)).not.toContain('extend')
    expect(stepsOf({ state: 'in_progress', extension }, giver).slice(0, 2)).toEqual(['grant', 'refuse'])
  })
  it('is none when all is over', () => {
    expect(stepsOf({ state: 'confirmed', extension: null }, { answers: true, gives: true })).toEqual([])
    expect(stepsOf({ state: 'cancelled', extension: null }, { answers: true, gives: true })).toEqual([])
  })
})

it('knows the sides of a task', () => {
  const ward = { id: 'u5', unit: '20242', permissions: ['task.answer'] }
  const leader = { id: 'u9', unit: '', permissions: ['directive.give'] }
  expect(sideOf({ unit: '20242', kind: 'task', given_by: null }, ward)).toEqual({ answers: true, gives: false })
  expect(sideOf({ unit: '20257', kind: 'task', given_by: null }, ward)).toEqual({ answers: false, gives: false })
  expect(sideOf({ unit: '20242', kind: 'directive', given_by: { id: 'u9', name: 'x' } }, leader)).toEqual({ answers: false, gives: true })
  expect(sideOf({ unit: '20242', kind: 'directive', given_by: { id: 'u8', name: 'y' } }, leader)).toEqual({ answers: false, gives: false })
})

it('asks for a reason where somebody is disappointed', () => {
  expect(['return', 'extend', 'refuse', 'redo', 'cancel'].every((s) => needsReason(s as never))).toBe(true)
  expect(needsReason('accept')).toBe(false)
})

it('offers deadlines that lie ahead, at full five minutes and at closing time', () => {
  const now = fromLocal('2026-11-23T14:02') ?? 0
  const all = presets(now)
  expect(all.map((p) => p.id)).toEqual(['m30', 'h1', 'h2', 'h4', 'today', 'tomorrow', 'd3'])
  expect(all[0]?.at).toBe(fromLocal('2026-11-23T14:35'))
  expect(all.find((p) => p.id === 'tomorrow')?.at).toBe(fromLocal('2026-11-24T17:00'))
  expect(presets(fromLocal('2026-11-23T16:55') ?? 0).some((p) => p.id === 'today')).toBe(false)
})

it('puts the latest first', () => {
  const rows = [{ standing: 'done', due: '2026-11-20T00:00:00Z' }, { standing: 'late', due: '2026-11-22T00:00:00Z' }, { standing: 'due_soon', due: '2026-11-23T00:00:00Z' }, { standing: 'late', due: '2026-11-21T00:00:00Z' }] as const
  expect([...rows].sort(byUrgency).map((r) => r.due.slice(8, 10))).toEqual(['21', '22', '23', '20'])
})
