// The city's present, once a second. A wall screen whose own clock is wrong
// still shows the server's time: each answer carries it.
import { readonly, ref } from 'vue'

let offset = 0
const current = ref(Date.now())
let timer: ReturnType<typeof setInterval> | undefined

/** now is the server's present in ms. */
export const now = (): number => Date.now() + offset

/** heard takes the Date header of an answer; under 3 s it is only the network. */
export function heard(serverDate: string | null): void {
  if (!serverDate) return
  const ms = Date.parse(serverDate)
  if (!Number.isFinite(ms)) return
  const drift = ms + 500 - Date.now()
  offset = Math.abs(drift) > 3000 ? drift : 0
}

/** useNow is a ref that ticks each second; it never stops, the frame shows a clock. */
export function useNow(): Readonly<typeof current> {
  timer ??= setInterval(() => {
    current.value = now()
  }, 1000)
  return readonly(current) as Readonly<typeof current>
}
