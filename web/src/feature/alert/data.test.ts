import { expect, it } from 'vitest'
import type { Alert, Step } from '@/api/alert'
import { foldGroups, mainStep, needsReason, stagesOf } from './data'

const alert = (id: string, group = ''): Alert => ({ id, group, state: 'verified', raised_at: '2026-11-26T00:00:00Z' }) as Alert

it('folds a group under its first and keeps the order', () => {
  const rows = foldGroups([alert('a', 'g'), alert('b'), alert('c', 'g'), alert('d', 'h'), alert('e', 'g')], new Set())
  expect(rows.map((r) => [r.alert.id, r.more])).toEqual([['a', 2], ['b', 0], ['d', 0]])
})

it('opens a group where it stands', () => {
  const rows = foldGroups([alert('a', 'g'), alert('b'), alert('c', 'g')], new Set(['g']))
  expect(rows.map((r) => [r.alert.id, r.child])).toEqual([['a', false], ['c', true], ['b', false]])
})

it('lays the timeline over the states; the last entry into a state counts', () => {
  const entry = (to: string, at: string, name: string) => ({ id: at, at, actor: { id: name, name, unit: '' }, step: '', from: '', to, comment: '', attachments: null })
  const stages = stagesOf({ alert: alert('a'), timeline: [entry('acknowledged', '1', 'Tâm'), entry('verified', '2', 'Tâm'), entry('dispatched', '3', 'Tâm'), entry('verified', '4', 'Hùng')] })
  expect(stages.find((s) => s.state === 'verified')).toMatchObject({ at: '4', who: 'Hùng', reached: true, current: true })
  expect(stages.find((s) => s.state === 'dispatched')).toMatchObject({ reached: false })
})

it('shows as passed only what a closed alert went through', () => {
  const stages = stagesOf({ alert: { ...alert('a'), state: 'closed' }, timeline: [{ id: '1', at: '1', actor: null, step: 'verify', from: 'new', to: 'closed', comment: '', attachments: null }] })
  expect(stages.filter((s) => s.reached).map((s) => s.state)).toEqual(['new', 'closed'])
})

it('offers the next step of the ordinary course', () => {
  const all: Step[] = ['acknowledge', 'verify', 'dispatch', 'comment']
  expect(mainStep(all, 'new')).toBe('acknowledge')
  expect(mainStep(all, 'acknowledged')).toBe('verify')
  expect(mainStep(['comment'], 'dispatched')).toBeUndefined()
})

it('asks for a reason where somebody is owed one', () => {
  expect(needsReason({ step: 'verify', verdict: 'false' })).toBe(true)
  expect(needsReason({ step: 'verify', verdict: 'true' })).toBe(false)
  expect(needsReason({ step: 'check', ok: false })).toBe(true)
  expect(needsReason({ step: 'return' })).toBe(true)
})
