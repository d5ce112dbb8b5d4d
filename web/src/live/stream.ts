// The live connection: one EventSource for all topics that the page wants.
// The server sends a snapshot of each topic, then deltas; the browser resumes
// by itself with Last-Event-ID, and we resume by hand when it has given up.
import { ref } from 'vue'

export type Topic = 'observations' | 'sources' | 'flood' | 'figures' | 'alerts' | 'presence' | 'incidents' | 'tasks' | 'inbox' | 'cases'
export type LiveStatus = 'idle' | 'connecting' | 'open' | 'lost'
export interface LiveEvent { topic: Topic; seq: number; kind: 'snapshot' | 'delta'; data: unknown }
export type LiveHandler = (event: LiveEvent) => void

export interface Source {
  onopen: ((this: never, e: Event) => unknown) | null
  onerror: ((this: never, e: Event) => unknown) | null
  readyState: number
  addEventListener(name: string, f: (e: MessageEvent<string>) => void): void
  close(): void
}

const CLOSED = 2
const firstWait = 1000
const longestWait = 20_000

/** LiveStream keeps one connection to /live open while anybody listens. */
export class LiveStream {
  readonly status = ref<LiveStatus>('idle')
  private handlers = new Map<Topic, Set<LiveHandler>>()
  private source: Source | undefined
  private topics = ''
  private lastId = ''
  private wait = firstWait
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly open: (url: string) => Source) {}

  /** listen calls f for each event of topic until the returned function is called. */
  listen(topic: Topic, f: LiveHandler): () => void {
    const set = this.handlers.get(topic) ?? new Set()
    this.handlers.set(topic, set.add(f))
    this.schedule(0)
    return () => {
      set.delete(f)
      if (set.size === 0) this.handlers.delete(topic)
      this.schedule(200) // the next page usually wants the same topics
    }
  }

  /** stop closes for good, at sign-out. */
  stop(): void {
    clearTimeout(this.timer)
    this.source?.close()
    this.source = undefined
    this.topics = ''
    this.lastId = ''
    this.handlers.clear()
    this.status.value = 'idle'
  }

  private schedule(ms: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.connect(), ms)
  }

  private connect(): void {
    const topics = [...this.handlers.keys()].sort().join(',')
    if (topics === '') {
      this.source?.close()
      this.source = undefined
      this.topics = ''
      this.status.value = 'idle'
      return
    }
    if (topics === this.topics && this.source && this.source.readyState !== CLOSED) return
    // Other topics need their snapshot: begin anew. The same topics resume.
    const resume = topics === this.topics && this.lastId !== '' ? `&last_id=${encodeURIComponent(this.lastId)}` : ''
    this.source?.close()
    this.topics = topics
    if (this.status.value !== 'lost') this.status.value = 'connecting'
    const source = this.open(`/live?topics=${topics}${resume}`)
    this.source = source
    source.onopen = () => {
      this.wait = firstWait
      this.status.value = 'open'
    }
    source.onerror = () => {
      if (source !== this.source) return
      this.status.value = 'lost'
      if (source.readyState !== CLOSED) return // the browser tries again
      this.schedule(this.wait)
      this.wait = Math.min(this.wait * 2, longestWait)
    }
    for (const kind of ['snapshot', 'delta'] as const) source.addEventListener(kind, (e) => this.receive(kind, e))
  }

  private receive(kind: 'snapshot' | 'delta', e: MessageEvent<string>): void {
    if (e.lastEventId) this.lastId = e.lastEventId
    let body: { topic: Topic; seq: number; data: unknown }
    try {
      body = JSON.parse(e.data) as typeof body
    } catch {
      return // a broken event is skipped, the next snapshot repairs
    }
    for (const f of this.handlers.get(body.topic) ?? []) f({ ...body, kind })
  }
}
