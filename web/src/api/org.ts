// The shapes of /api/v1/org: units as a tree that holds at a time.

export interface OrgUnit {
  code: string; name: string; name_en: string; kind: string; parent: string
  valid_from: string | null; valid_to: string | null; successors: string[] | null; predecessors: string[] | null
  legal: string; ward: boolean; in_force: boolean; people: number; children: number
}
export interface OrgWork { alerts: number; tasks: number; cases: number }
export interface OrgDetail { unit: OrgUnit; path: OrgUnit[] | null; children: OrgUnit[] | null; predecessors: OrgUnit[] | null; successors: OrgUnit[] | null; work: OrgWork }
export interface OrgEdit { name: string; name_en: string; kind: string; parent: string; valid_from: string | null; legal: string }
export interface LineError { line: number; field: string; code: string; detail: string }
export interface OrgImport { created: number; updated: number; unchanged: number; errors: LineError[] | null }
