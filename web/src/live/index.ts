import { useQueryClient } from '@tanstack/vue-query'
import { onScopeDispose } from 'vue'
import { LiveStream, type LiveHandler, type Source, type Topic } from './stream'

export type { LiveEvent, LiveStatus, Topic } from './stream'

/** ObservationDelta is one fresh observation: t in ms, f the flag bits. */
export interface ObservationDelta { ds: string; thing: string; t: number; v: number; f: number }

export const live = new LiveStream((url) => new EventSource(url, { withCredentials: true }) as unknown as Source)

/** useLive listens to a topic as long as the component lives. Only pages and the frame call it. */
export function useLive(topic: Topic, f: LiveHandler): void {
  onScopeDispose(live.listen(topic, f))
}

/** observationsOf reads the payload of an observations event, whatever it lacks. */
export function observationsOf(data: unknown): ObservationDelta[] {
  const obs = (data as { obs?: unknown } | null)?.obs
  return Array.isArray(obs) ? (obs as ObservationDelta[]) : []
}

/** useRefetch refetches queries by the head of their key when a topic says something changed. */
export function useRefetch(topic: Topic, ...heads: string[]): void {
  const again = useAgain(...heads)
  useLive(topic, (e) => {
    if (e.kind === 'snapshot' || document.hidden) return // just fetched; or nobody looks, focus fetches
    again()
  })
}

const often = 1500 // ms

/** useAgain returns what refetches queries by the head of their key: at once, and in a storm every now and then. */
export function useAgain(...heads: string[]): () => void {
  const queries = useQueryClient()
  let last = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  function run(): void {
    timer = undefined
    last = Date.now()
    for (const head of heads) void queries.invalidateQueries({ queryKey: [head] })
  }
  onScopeDispose(() => clearTimeout(timer))
  return () => {
    const wait = last + often - Date.now()
    if (wait <= 0) run()
    else timer ??= setTimeout(run, wait)
  }
}
