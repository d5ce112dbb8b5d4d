// Editing a procedure: its steps as a list that can be reordered, and what
// must be right before it is saved. Pure, tested.
import type { Sop, SopStepDraft } from '@/api/incident'

export const emptyStep = (): SopStepDraft => ({ title: { vi: '', en: '' }, text: { vi: '', en: '' }, minutes: 15, role: 'ioc', proof: false })
export const emptySop = (): Sop => ({ id: '', title: { vi: '', en: '' }, service: 'flood', steps: [emptyStep()], proof_to_close: false, version: 0 })

/** moved puts the element at from to the place to; a place outside changes nothing. */
export function moved<T>(list: T[], from: number, to: number): T[] {
  if (to < 0 || to >= list.length || from < 0 || from >= list.length) return list
  const out = [...list]
  const [x] = out.splice(from, 1)
  out.splice(to, 0, x as T)
  return out
}

/** slug makes an id of a title: "Ngập đường phố" → "ngap-duong-pho". */
export const slug = (title: string): string => title.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60)

/** wrong names the fields that keep a procedure from being saved: path → key of the sentence. */
export function wrong(s: Sop): Record<string, string> {
  const out: Record<string, string> = {}
  if (s.title.vi.trim() === '') out['title.vi'] = 'sop.need_title'
  else if (slug(s.id || s.title.vi).length < 2) out['title.vi'] = 'sop.need_longer'
  const steps = s.steps ?? []
  if (steps.length === 0) out['steps'] = 'sop.need_steps'
  steps.forEach((step, i) => {
    if (step.title.vi.trim() === '') out[`steps[${i}].title.vi`] = 'sop.need_title'
    if (!(Number.isInteger(step.minutes) && step.minutes >= 1 && step.minutes <= 43_200)) out[`steps[${i}].minutes`] = 'sop.need_minutes'
  })
  return out
}
