// Personal data as the API answers, and what the page counts of it.
import { useQuery } from '@tanstack/vue-query'
import { get } from '@/api/client'
import type { Kept, RetentionKind, RetentionRow, SubjectData, SubjectFile, SubjectKind } from '@/api/personal'

export const retentionKinds = ['case_applicant', 'case_rejected'] as const satisfies readonly RetentionKind[]
export const subjectKinds = ['paper', 'phone', 'email'] as const satisfies readonly SubjectKind[]

export const useRetention = () => useQuery({ queryKey: ['personal', 'retention'], queryFn: ({ signal }) => get<{ kinds: RetentionRow[] | null }>('personal/retention', {}, signal) })

/** byKind are the rows of each kind, the newest first. */
export const byKind = (rows: RetentionRow[]): { kind: RetentionKind; rows: RetentionRow[] }[] =>
  retentionKinds.map((kind) => ({ kind, rows: rows.filter((r) => r.kind === kind).sort((a, b) => b.from.localeCompare(a.from)) }))

/** standingOf says whether a row holds, will hold or did. */
export function standingOf(row: RetentionRow, today: string): 'in_force' | 'coming' | 'past' {
  if (row.in_force) return 'in_force'
  return row.from > today ? 'coming' : 'past'
}

export interface Stay { reason: Kept['reason']; files: SubjectFile[] }
export const stayReasons = ['open', 'retention', 'unconfirmed'] as const

/** parted are the files that an erasure takes, and those that stay with why; no reason without files. */
export function parted(data: Pick<SubjectData, 'files'>): { going: SubjectFile[]; staying: Stay[] } {
  const files = data.files ?? []
  const staying = stayReasons.map((reason) => ({ reason, files: files.filter((f) => f.kept?.reason === reason) })).filter((s) => s.files.length > 0)
  return { going: files.filter((f) => !f.kept), staying }
}

/** readyToLook: the server wants five letters of why. */
export const readyToLook = (value: string, reason: string): boolean => value.trim() !== '' && [...reason.trim()].length >= 5

/** body is a request about a person: the key in the body, never in an address. */
export const body = (kind: SubjectKind, value: string, reason: string): Record<string, string> => ({ [kind]: value.trim(), reason: reason.normalize('NFC').trim() })

/** exportName names the file of a person without naming the person. */
export const exportName = (at: string): string => `du-lieu-ca-nhan-${at.slice(0, 19).replaceAll(':', '').replace('T', '-')}.json`
