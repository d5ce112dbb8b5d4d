import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nextTick, ref } from 'vue'
import { useTyped } from './typed'

let leave: () => void = () => undefined
vi.mock('vue-router', () => ({ onBeforeRouteLeave: (f: () => void) => void (leave = f) }))
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('asks once per pause, without spaces around', () => {
  const model = ref('')
  const typed = useTyped(model)
  typed.value = 'so'
  vi.advanceTimersByTime(200)
  typed.value = 'so y te '
  vi.advanceTimersByTime(200)
  expect([typed.value, model.value]).toEqual(['so y te ', ''])
  vi.advanceTimersByTime(50)
  expect([typed.value, model.value]).toEqual(['so y te ', 'so y te'])
})

it('keeps what is typed while its own question comes back, and shows what others set', async () => {
  const model = ref('a')
  const typed = useTyped(model)
  typed.value = 'ab '
  vi.advanceTimersByTime(250)
  await nextTick()
  expect(typed.value).toBe('ab ')
  typed.value = 'abc'
  model.value = ''
  await nextTick()
  vi.advanceTimersByTime(1000)
  expect([typed.value, model.value]).toEqual(['', ''])
})

it('asks nothing of a page that is left', () => {
  const model = ref('')
  useTyped(model).value = 'late'
  leave()
  vi.advanceTimersByTime(1000)
  expect(model.value).toBe('')
})
