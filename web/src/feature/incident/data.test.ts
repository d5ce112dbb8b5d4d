import { describe, expect, it } from 'vitest'
import type { Incident, IncidentAlert, IncidentFile, SopStep, Task } from '@/api/incident'
import { box, current, late, located, mark, missingToClose, nothing, order, parted, serviceKey, staged } from './data'

const text = { vi: 'x', en: 'x' }
const step = (n: number, more: Partial<SopStep>): SopStep => ({ n, title: text, text, minutes: 10, due_at: null, role: 'duty', proof: false, state: 'open', at: null, by: null, comment: '', attachments: [], late: false, ...more })
const photo = { type: 'image/jpeg' }

describe('what is missing before the end', () => {
  it('is nothing when all is done and shown', () => {
    expect(nothing(missingToClose({ proof_required: true }, [step(1, { state: 'done' }), step(2, { state: 'skipped' })], [{ state: 'confirmed' } as Task, { state: 'cancelled' } as Task], [photo]))).toBe(true)
  })
  it('is open steps, steps without their proof, tasks and the photo', () => {
    const m = missingToClose({ proof_required: true }, [step(1, {}), step(2, { state: 'done', proof: true })], [{ state: 'finished' } as Task], [{ type: 'application/pdf' }])
    expect([m.steps.length, m.proof.length, m.tasks.length, m.photo]).toEqual([1, 1, 1, true])
    expect(nothing(m)).toBe(false)
  })
  it('holds an open step with proof against the end only where the procedure asks for proof', () => {
    expect(missingToClose({ proof_required: true }, [step(1, { proof: true })], [], [photo]).proof.length).toBe(1)
    const m = missingToClose({ proof_required: false }, [step(1, { proof: true })], [], [photo])
    expect([m.steps.length, m.proof.length]).toEqual([1, 0])
  })
  it('asks for no photo where the procedure does not', () => {
    expect(missingToClose({ proof_required: false }, [], [], []).photo).toBe(false)
  })
})

it('knows the step to be done now and whether it is late', () => {
  expect(current([step(1, { state: 'done' }), step(2, { state: 'skipped' }), step(3, {})])?.n).toBe(3)
  const now = Date.parse('2026-11-23T12:00:00Z')
  expect(late({ state: 'open', due_at: '2026-11-23T11:59:00Z', late: false }, now)).toBe(true)
  expect(late({ state: 'open', due_at: '2026-11-23T12:01:00Z', late: true }, now)).toBe(false)
  expect(late({ state: 'done', due_at: '2026-11-23T11:00:00Z', late: true }, now)).toBe(true)
})

it('puts the worst first, then the oldest', () => {
  const i = (id: string, severity: number, opened_at: string): Incident => ({ id, severity, opened_at }) as Incident
  expect([i('a', 2, '2026-01-01T00:00:00Z'), i('b', 4, '2026-01-02T00:00:00Z'), i('c', 4, '2026-01-01T00:00:00Z')].sort(order).map((x) => x.id)).toEqual(['c', 'b', 'a'])
})

it('parts photos into before and after', () => {
  const f = (id: string, stage?: 'before' | 'after' | ''): IncidentFile => ({ id, stage }) as IncidentFile
  const got = parted([f('a', 'before'), f('b', 'after'), f('c', ''), f('d')])
  expect([got.before, got.after, got.other].map((l) => l.map((x) => x.id))).toEqual([['a'], ['b'], ['c', 'd']])
})

it('tells photos from before and after the work apart', () => {
  const f = (id: string, at: string, type = 'image/jpeg'): IncidentFile => ({ id, at, type, name: id, size: 1 })
  const got = staged({
    incident: { cleared_at: '2026-01-01T12:00:00Z' } as Incident, timeline: [],
    tasks: [{ finished_at: '2026-01-01T11:00:00Z', attachments: [f('task', '')] } as unknown as Task],
    files: [f('first', '2026-01-01T10:00:00Z'), f('task', '2026-01-01T11:00:00Z'), f('later', '2026-01-01T12:30:00Z'), f('paper', '2026-01-01T10:00:00Z', 'application/pdf'), { ...f('told', '2026-01-01T13:00:00Z'), stage: 'before' }],
  })
  expect(got.map((x) => x.stage)).toEqual(['before', 'after', 'after', undefined, 'before'])
})

it('puts on the map what has a place', () => {
  expect(mark({ id: 'a', severity: 3, lon: null, lat: 16 }, 'x')).toBeNull()
  expect(mark({ id: 'a', severity: 3, lon: 108, lat: 16 }, 'x')).toMatchObject({ state: 'warning', severity: 3, lon: 108 })
  expect(box([])).toBeNull()
  expect(box([{ lon: 108, lat: 16 }, { lon: 108.2, lat: 16.1 }])?.map((v) => Math.round(v * 1000) / 1000)).toEqual([107.996, 15.996, 108.204, 16.104])
  const alert = { id: 'a', lon: null, lat: null } as unknown as IncidentAlert
  expect(located([alert], [{ id: 'a', lon: 108, lat: 16, place: 'Mẹ Suốt' }])[0]).toMatchObject({ lon: 108, place: 'Mẹ Suốt' })
  expect(located([alert], [])[0]).toMatchObject({ lon: null, place: '' })
})

it('has no word for services it does not know', () => {
  expect(serviceKey('flood')).toBe('flood')
  expect(serviceKey('constructor')).toBe('other')
})
