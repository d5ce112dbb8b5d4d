// Toasts tell the result of what the person has just done, nothing else.
import { ref } from 'vue'

export interface Toast { id: number; text: string; tone: 'good' | 'bad' }

export const toasts = ref<Toast[]>([])
let last = 0

export function toast(text: string, tone: Toast['tone'] = 'good'): void {
  const id = ++last
  toasts.value = [...toasts.value.slice(-2), { id, text, tone }]
  setTimeout(() => dismiss(id), tone === 'bad' ? 10_000 : 5000)
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((t) => t.id !== id)
}
