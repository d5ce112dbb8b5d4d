import { describe, expect, it } from 'vitest'
import { type Difference, FrameQueue } from './moving'

const point = (id: string, label: string): GeoJSON.Feature => ({ type: 'Feature', geometry: { type: 'Point', coordinates: [1, 2] }, properties: { id, label } })

function rig(): { queue: FrameQueue; frame: () => void; calls: (string | Difference)[] } {
  const calls: (string | Difference)[] = []
  let due: (() => void)[] = []
  const queue = new FrameQueue((f) => due.push(f))
  queue.attach({ setData: (d) => calls.push(`all ${d.features.length}`), updateData: (d) => calls.push(d) })
  return { queue, calls, frame: () => { const now = due; due = []; now.forEach((f) => f()) } }
}

describe('FrameQueue', () => {
  it('sends several changes of one frame as one', () => {
    const { queue, frame, calls } = rig()
    queue.put([point('a', '1')])
    queue.put([point('a', '2'), point('b', '1')])
    frame()
    frame()
    expect(calls).toEqual(['all 2'])
  })

  it('sends only what changed, and what is gone', () => {
    const { queue, frame, calls } = rig()
    queue.put([point('a', '1'), point('b', '1'), point('c', '1'), point('d', '1')])
    frame()
    queue.put([point('a', '1'), point('b', '2'), point('c', '1')])
    frame()
    expect(calls[1]).toEqual({ remove: ['d'], add: [point('b', '2')] })
  })

  it('sends nothing when nothing changed', () => {
    const { queue, frame, calls } = rig()
    queue.put([point('a', '1')])
    frame()
    queue.put([point('a', '1')])
    frame()
    expect(calls).toHaveLength(1)
  })

  it('fills a new source whole, as after a change of style', () => {
    const { queue, frame, calls } = rig()
    queue.put([point('a', '1'), point('b', '1'), point('c', '1')])
    frame()
    queue.attach({ setData: (d) => calls.push(`again ${d.features.length}`), updateData: (d) => calls.push(d) })
    frame()
    expect(calls).toEqual(['all 3', 'again 3'])
  })
})
