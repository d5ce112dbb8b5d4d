// The sound of an alert, made here and now: no files. Each severity has its
// own figure, so that it is told apart with the eyes elsewhere. Browsers let a
// page sound only after somebody has touched it; until then it stays silent.
import { ref, watch } from 'vue'

const key = 'ioc.sound'

function stored(): boolean {
  try {
    return localStorage.getItem(key) !== 'off'
  } catch {
    return true // private mode: the default holds
  }
}

/** soundOn is whether alerts are heard; the browser remembers it. */
export const soundOn = ref(stored())
/** soundReady is whether the browser lets the page sound yet. */
export const soundReady = ref(false)

watch(soundOn, (on) => {
  try {
    localStorage.setItem(key, on ? 'on' : 'off')
  } catch {
    // private mode: the choice lasts as long as the page
  }
})

/** Tone is one note: pitch in Hz, when it begins and how long it lasts in seconds. */
export interface Tone { hz: number; at: number; length: number }

/** figureOf is what a severity sounds like: higher, faster and longer as it gets worse. */
export function figureOf(severity: number): Tone[] {
  const notes = [[], [523], [587, 659], [784, 988, 784], [988, 740, 988, 740, 988, 740]][Math.max(0, Math.min(4, Math.round(severity)))] ?? []
  const length = [0, 0.18, 0.16, 0.16, 0.14][Math.max(0, Math.min(4, Math.round(severity)))] ?? 0
  return notes.map((hz, i) => ({ hz, at: i * (length + 0.04), length }))
}

let context: AudioContext | undefined
let last = { at: -Infinity, severity: 0 }
const quiet = 2000 // ms: a burst of alerts sounds once, unless something worse comes

function unlock(): void {
  try {
    context ??= new AudioContext()
  } catch {
    return // no sound device: the words and colours remain
  }
  void context.resume().then(() => (soundReady.value = context?.state === 'running'))
}

/** armSound waits for the first touch or key, after which the browser allows sound. */
export function armSound(): void {
  if (context) return
  for (const name of ['pointerdown', 'keydown'] as const) window.addEventListener(name, unlock, { once: true, capture: true })
}

/** due is whether a sound should be made now, given the last one. */
export const due = (severity: number, now: number, before: { at: number; severity: number }): boolean => now - before.at >= quiet || severity > before.severity

/** alarm sounds a severity, if the person wants sound and the browser allows it. */
export function alarm(severity: number, force = false): void {
  if ((!soundOn.value && !force) || !context || context.state !== 'running') return
  const now = Date.now()
  if (!force && !due(severity, now, last)) return
  last = { at: now, severity }
  const start = context.currentTime + 0.02
  for (const tone of figureOf(severity)) {
    const osc = context.createOscillator()
    const gain = context.createGain()
    osc.type = severity >= 3 ? 'triangle' : 'sine'
    osc.frequency.value = tone.hz
    gain.gain.setValueAtTime(0, start + tone.at)
    gain.gain.linearRampToValueAtTime(severity >= 4 ? 0.34 : 0.22, start + tone.at + 0.015)
    gain.gain.setTargetAtTime(0, start + tone.at + tone.length * 0.6, 0.04)
    osc.connect(gain).connect(context.destination)
    osc.start(start + tone.at)
    osc.stop(start + tone.at + tone.length + 0.2)
  }
}
