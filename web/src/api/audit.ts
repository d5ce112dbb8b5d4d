// The shapes of /api/v1/audit: who did what, and whether the trail is whole.

export interface TrailActor { id: string; name: string; unit?: string; address?: string }
export interface TrailEntry {
  seq: number; id: string; at: string; actor: TrailActor; subject: string
  entity: string; entity_id: string; summary: string; before?: unknown; after?: unknown; previous: string; hash: string
}
export interface TrailPage { entries: TrailEntry[] | null; next?: string }
export interface TrailVerdict { checked: number; head: { seq: number; hash: string }; broken?: number; reason?: 'changed' | 'missing' | 'unchained' | 'cut' }
export interface TrailRoot { day: string; at: string; seq: number; hash: string }
