// The city's present, once a second. It is the server's: a wall screen's own
// clock may be wrong, and a replay runs on a clock of its own.
import { readonly, ref } from 'vue'

let offset = 0
const current = ref(Date.now())
let timer: ReturnType<typeof setInterval> | undefined

/** now is the server's present in ms. */
export const now = (): number => Date.now() + offset

/** heard takes the server's present from an answer; under 3 s it is only the network. */
export function heard(serverNow: string | null | undefined): void {
  const ms = Date.parse(serverNow ?? '')
  if (!Number.isFinite(ms)) return
  const drift = ms - Date.now()
  offset = Math.abs(drift) > 3000 ? drift : 0
  current.value = now()
}

/** useNow is a ref that ticks each second; it never stops, the frame shows a clock. */
export function useNow(): Readonly<typeof current> {
  timer ??= setInterval(() => {
    current.value = now()
  }, 1000)
  return readonly(current) as Readonly<typeof current>
}
