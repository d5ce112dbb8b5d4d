// What is typed of a grant, and what is sent of it.
import type { Ceiling, GrantDraft } from '@/api/people'
import { fromDate, untilDate } from '@/work/grant'

export interface GrantForm { role: string; unit: string; areas: string[]; services: string[]; ceiling: Ceiling; from: string; until: string; reason: string }

export const emptyGrant = (unit = ''): GrantForm => ({ role: 'unit', unit, areas: [], services: [], ceiling: 'internal', from: '', until: '', reason: '' })

/** draftOf leaves out what was not said; with forDiff also what changes no right. */
export function draftOf(form: GrantForm, forDiff = false): GrantDraft {
  const draft: GrantDraft = { role: form.role, unit: form.unit, areas: form.areas, services: form.services, ceiling: form.ceiling }
  const until = untilDate(form.until)
  if (until) draft.until = until
  if (forDiff) return draft
  const from = fromDate(form.from)
  return { ...draft, ...(from ? { from } : {}), reason: form.reason.trim() }
}
