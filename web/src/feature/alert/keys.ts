// The keyboard of the list: from the list to a closed alert without a mouse.
import { onBeforeUnmount, onMounted } from 'vue'

export interface KeyMap { move: (by: number) => void; open: () => void; back: () => void; step: (key: string) => void; /** whatever comes next in its life */ next: () => void; check: () => void; search: () => void; help: () => void }

/** typing is whether the key belongs to a field, a dialog or a menu. */
export function typing(target: EventTarget | null): boolean {
  const el = target instanceof HTMLElement ? target : null
  if (!el) return false
  return el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName) || el.closest('[role=dialog],[role=menu],[role=tablist],.maplibregl-map') !== null
}

const moves: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: 10, PageUp: -10 }

/** useKeys listens as long as the page lives. */
export function useKeys(map: KeyMap): void {
  function key(e: KeyboardEvent): void {
    if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return
    if (typing(e.target) && !(e.target instanceof HTMLInputElement && e.target.type === 'checkbox')) return
    const by = moves[e.key]
    const onControl = e.target instanceof HTMLElement && e.target.closest('button,a') !== null
    if (by !== undefined) map.move(by)
    else if (e.key === 'Enter' && !onControl) map.open()
    else if (e.key === 'Escape') map.back()
    else if ('avdc'.includes(e.key)) map.step(e.key)
    else if (e.key === 'n') map.next()
    else if (e.key === 'x') map.check()
    else if (e.key === '/') map.search()
    else if (e.key === '?') map.help()
    else return
    e.preventDefault()
    e.stopPropagation()
  }
  // Capturing, so that the table's own arrows do not move a second time.
  onMounted(() => window.addEventListener('keydown', key, true))
  onBeforeUnmount(() => window.removeEventListener('keydown', key, true))
}
