import { expect, it } from 'vitest'
import type { Alert, AlertPage } from '@/api/alert'
import { type AlertFilter, changesOf, fits, merge, nextDue, order, unfold } from './alert'

const filter: AlertFilter = { state: '', severity: '', service: '', unit: '', area: '', q: '', open: true, suppressed: false, sort: 'severity' }
const alert = (id: string, more: Partial<Alert> = {}): Alert => ({
  id, number: `CB-${id}`, version: 1, state: 'new', active: true, severity: 3, peak_severity: 3, service: 'flood', kind: 'rule', rule: 'r', rule_version: 1, rule_name: { vi: '', en: '' },
  title: { vi: 'Ngập 55 cm', en: '55 cm of water' }, text: { vi: '', en: '' }, place: 'Tháp Mẹ Suốt', lon: 108, lat: 16, area: '1', area_name: 'P. Liên Chiểu', unit: 'u1', unit_name: 'UBND P. Liên Chiểu',
  thing: '', datastream: '', value: 0.55, unit_symbol: 'm', since: '2026-11-26T00:00:00Z', raised_at: '2026-11-26T00:00:00Z', updated_at: '', resolved_at: null, closed_at: null, verdict: '', verdict_reason: '', duplicate_of: '',
  group: '', group_size: 1, suppressed_by: null, incident: '', incident_number: '', sop: '', runbook: '', estimated: false, flapping: false, assignee: '', escalation: null,
  times: { acknowledge_by: '2026-11-26T00:05:00Z', dispatch_by: '2026-11-26T00:15:00Z', answer_by: '2026-11-26T00:45:00Z', acknowledged_at: null, dispatched_at: null, answered_at: null, late: [] }, labels: {}, ...more,
})
const page = (...alerts: Alert[]): AlertPage => ({ alerts, next: '', total: alerts.length, at: '', counts: { by_severity: { 3: alerts.length }, by_state: { new: alerts.length } } })
const ids = (p: AlertPage): string[] => (p.alerts ?? []).map((a) => a.id)

it('reads a delta and leaves nonsense aside', () => {
  expect(changesOf({ kind: 'raised', alert: alert('a') }).map((d) => [d.kind, d.alert.id])).toEqual([['raised', 'a']])
  expect([changesOf(null), changesOf({ changed: true }), changesOf({ alert: {} }), changesOf({ alerts: [null, {}] })]).toEqual([[], [], [], []])
})

it('reads a batch and finds the new ones in it', () => {
  expect(changesOf({ kind: 'batch', alerts: [alert('a'), alert('b', { version: 4, state: 'new' }), alert('c', { state: 'done' })] }).map((d) => d.kind)).toEqual(['raised', 'batch', 'batch'])
})

it('finds by words without tones, and by what is chosen', () => {
  expect(fits(alert('a'), { ...filter, q: 'me suot lien chieu' })).toBe(true)
  expect(fits(alert('a'), { ...filter, q: 'hai chau' })).toBe(false)
  expect(fits(alert('a'), { ...filter, severity: '1,2' })).toBe(false)
  expect(fits(alert('a', { state: 'closed' }), filter)).toBe(false)
  expect(fits(alert('a', { suppressed_by: { kind: 'flap', id: '', title: '' } }), filter)).toBe(false)
})

it('brings new ones in where they belong, and counts them', () => {
  const out = merge(page(alert('a'), alert('b')), [alert('c', { severity: 4 })], filter)
  expect(ids(out)[0]).toBe('c')
  expect([out.total, out.counts.by_severity['4'], out.counts.by_severity['3']]).toEqual([3, 1, 2])
})

it('replaces what changed and drops what no longer fits', () => {
  const out = merge(page(alert('a'), alert('b')), [alert('a', { version: 2, state: 'closed' }), alert('b', { version: 2, state: 'acknowledged' })], filter)
  expect(ids(out)).toEqual(['b'])
  expect([out.total, out.counts.by_state['acknowledged'], out.counts.by_state['new']]).toEqual([1, 1, 0])
})

it('never goes back to an older version', () => {
  const out = merge(page(alert('a', { version: 5, state: 'done' })), [alert('a', { version: 4 })], filter)
  expect(out.alerts?.[0]?.state).toBe('done')
  expect(merge(page(), [alert('a', { version: 3, state: 'done' }), alert('a', { version: 2 })], filter).alerts?.[0]?.state).toBe('done')
})

it('names the next deadline: acknowledge, then dispatch, then answer', () => {
  const a = alert('a')
  expect(nextDue(a)?.duty).toBe('acknowledge')
  const acknowledged = { ...a, times: { ...a.times, acknowledged_at: 'x' } }
  expect(nextDue(acknowledged)?.duty).toBe('dispatch')
  expect(nextDue({ ...acknowledged, times: { ...acknowledged.times, dispatched_at: 'x' } })?.duty).toBe('answer')
  expect(nextDue({ ...a, state: 'closed' })).toBe(null)
})

it('orders by severity, by time, by deadline', () => {
  const list = [alert('a', { raised_at: '2026-11-26T01:00:00Z', severity: 1 }), alert('b', { severity: 4 })]
  expect([...list].sort(order('severity')).map((x) => x.id)).toEqual(['b', 'a'])
  expect([...list].sort(order('raised')).map((x) => x.id)).toEqual(['a', 'b'])
  const soon = alert('c', { times: { ...alert('c').times, acknowledge_by: '2026-11-26T00:01:00Z' } })
  expect([...list, soon].sort(order('deadline'))[0]?.id).toBe('c')
})

it('folds a storm into 10,000 rows in a moment', () => {
  const many = page(...Array.from({ length: 10_000 }, (_, i) => alert(`x${i}`)))
  const from = performance.now()
  merge(many, Array.from({ length: 200 }, (_, i) => alert(`y${i}`)), filter)
  expect(performance.now() - from).toBeLessThan(3000) // generous: the machine may be busy
})

it('gives a compact row the shape of an alert', () => {
  const row = unfold({ id: 'a', number: 'CB-1', version: 2, state: 'new', severity: 4, since: 's', raised_at: 'r', updated_at: 'u', value: 0, times: { acknowledge_by: 't' } })
  expect([row.value, row.lon, row.suppressed_by, row.incident, row.active, row.group_size, row.title.vi]).toEqual([0, null, null, '', false, 1, ''])
  expect(row.times).toEqual({ acknowledge_by: 't', dispatch_by: null, answer_by: null, acknowledged_at: null, dispatched_at: null, answered_at: null, late: null })
  expect(nextDue(row)).toEqual({ duty: 'acknowledge', at: 't' })
})
