// The wall is seen by visitors and cameras: what could point to a person is
// left out.

/** impersonal hides telephone and identity numbers that somebody typed into a text. */
export const impersonal = (text: string): string => text.replaceAll(/\+?\d(?:[\s.-]?\d){8,}/g, '•••')

export const scenes = ['alerts', 'map', 'figures'] as const
export type Scene = (typeof scenes)[number]

/** sceneAt is which scene is due, rotating from the moment the wall was last interrupted. */
export const sceneAt = (now: number, since: number, seconds: number, of: readonly Scene[]): Scene => of[Math.floor(Math.max(0, now - since) / (seconds * 1000)) % Math.max(1, of.length)] ?? 'alerts'
