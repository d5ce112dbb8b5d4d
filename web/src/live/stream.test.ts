import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type LiveEvent, LiveStream, type Source } from './stream'

class FakeSource {
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  readyState = 0
  closed = false
  private listeners = new Map<string, (e: MessageEvent<string>) => void>()
  constructor(readonly url: string) {}
  addEventListener(name: string, f: (e: MessageEvent<string>) => void): void { this.listeners.set(name, f) }
  close(): void { this.closed = true; this.readyState = 2 }
  open(): void { this.readyState = 1; this.onopen?.() }
  say(kind: string, data: unknown, id: string): void { this.listeners.get(kind)?.({ data: typeof data === 'string' ? data : JSON.stringify(data), lastEventId: id } as MessageEvent<string>) }
  fail(): void { this.readyState = 2; this.onerror?.() }
}

let made: FakeSource[]
let stream: LiveStream
const last = (): FakeSource => made.at(-1) as FakeSource

beforeEach(() => {
  vi.useFakeTimers()
  made = []
  stream = new LiveStream((url) => {
    const s = new FakeSource(url)
    made.push(s)
    return s as unknown as Source
  })
})
afterEach(() => vi.useRealTimers())

describe('LiveStream', () => {
  it('opens one connection for all topics', () => {
    stream.listen('flood', () => undefined)
    stream.listen('figures', () => undefined)
    vi.advanceTimersByTime(1)
    expect(made.map((s) => s.url)).toEqual(['/live?topics=figures,flood'])
  })

  it('hands each event to the listeners of its topic', () => {
    const got: LiveEvent[] = []
    stream.listen('flood', (e) => got.push(e))
    vi.advanceTimersByTime(1)
    last().say('snapshot', { topic: 'flood', seq: 1, data: { a: 1 } }, 'x-1')
    last().say('delta', { topic: 'figures', seq: 2, data: {} }, 'x-2')
    last().say('delta', 'not json', 'x-3')
    expect(got).toEqual([{ topic: 'flood', seq: 1, data: { a: 1 }, kind: 'snapshot' }])
  })

  it('resumes where it stopped when the browser gives up, more and more slowly', () => {
    stream.listen('flood', () => undefined)
    vi.advanceTimersByTime(1)
    last().open()
    last().say('delta', { topic: 'flood', seq: 7, data: {} }, 'x-7')
    last().fail()
    expect(stream.status.value).toBe('lost')
    vi.advanceTimersByTime(1000)
    expect(last().url).toBe('/live?topics=flood&last_id=x-7')
    last().fail()
    vi.advanceTimersByTime(1000)
    expect(made).toHaveLength(2)
    vi.advanceTimersByTime(1000)
    expect(made).toHaveLength(3)
    last().open()
    expect(stream.status.value).toBe('open')
  })

  it('begins anew with other topics, because they need their snapshot', () => {
    stream.listen('flood', () => undefined)
    vi.advanceTimersByTime(1)
    last().say('delta', { topic: 'flood', seq: 7, data: {} }, 'x-7')
    stream.listen('observations', () => undefined)
    vi.advanceTimersByTime(1)
    expect(made[0]?.closed).toBe(true)
    expect(last().url).toBe('/live?topics=flood,observations')
  })

  it('keeps the connection when a page leaves and the next wants the same', () => {
    const leave = stream.listen('flood', () => undefined)
    vi.advanceTimersByTime(1)
    leave()
    stream.listen('flood', () => undefined)
    vi.advanceTimersByTime(500)
    expect(made).toHaveLength(1)
  })

  it('closes when nobody listens, and for good at sign-out', () => {
    const leave = stream.listen('flood', () => undefined)
    vi.advanceTimersByTime(1)
    leave()
    vi.advanceTimersByTime(500)
    expect(last().closed).toBe(true)
    expect(stream.status.value).toBe('idle')
    stream.listen('flood', () => undefined)
    stream.stop()
    vi.advanceTimersByTime(60_000)
    expect(made).toHaveLength(1)
  })
})
