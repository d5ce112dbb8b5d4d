// The wall is seen by visitors and cameras: what could point to a person is
// left out.

/** impersonal hides telephone and identity numbers that somebody typed into a text. */
export const impersonal = (text: string): string => text.replaceAll(/\+?\d(?:[\s.-]?\d){8,}/g, '•••')

const lines = 10
const most = 3 // pages: what is further down the list is less urgent than the map

/** pageAt is which ten of the list are due: each time the list comes back it shows the next, and what is new begins with the first. */
export function pageAt<T>(now: number, since: number, seconds: number, of: readonly Scene[], list: readonly T[]): T[] {
  const round = Math.floor(Math.max(0, now - since) / (seconds * 1000 * Math.max(1, of.length)))
  const page = round % Math.max(1, Math.min(most, Math.ceil(list.length / lines)))
  return list.slice(page * lines, (page + 1) * lines)
}

export const scenes = ['alerts', 'map', 'figures'] as const
export type Scene = (typeof scenes)[number]

/** sceneAt is which scene is due, rotating from the moment the wall was last interrupted. */
export const sceneAt = (now: number, since: number, seconds: number, of: readonly Scene[]): Scene => of[Math.floor(Math.max(0, now - since) / (seconds * 1000)) % Math.max(1, of.length)] ?? 'alerts'
