// The frame queue: whatever changes between two frames reaches the map's
// source as one difference, and only what really changed.

export interface Difference { removeAll?: boolean; remove?: string[]; add?: GeoJSON.Feature[] }

/** The part of a MapLibre GeoJSON source that the queue needs. */
export interface Target {
  setData(data: GeoJSON.FeatureCollection): unknown
  updateData(diff: Difference): unknown
}

export type Schedule = (f: () => void) => void

const idOf = (f: GeoJSON.Feature): string => String(f.properties?.['id'])

/** FrameQueue feeds one source. Features need properties.id. */
export class FrameQueue {
  private shown = new Map<string, string>() // id → what the source has
  private wanted: Map<string, GeoJSON.Feature> | undefined
  private target: Target | undefined
  private waiting = false

  constructor(private readonly schedule: Schedule = (f) => requestAnimationFrame(f)) {}

  /** attach gives the queue a (new) source: after a change of style it is empty again. */
  attach(target: Target | undefined): void {
    this.target = target
    this.shown.clear()
    this.later()
  }

  /** put says what the source should hold now. */
  put(features: GeoJSON.Feature[]): void {
    this.wanted = new Map(features.map((f) => [idOf(f), f]))
    this.later()
  }

  private later(): void {
    if (this.waiting) return
    this.waiting = true
    this.schedule(() => {
      this.waiting = false
      this.flush()
    })
  }

  private flush(): void {
    const { target, wanted } = this
    if (!target || !wanted) return
    const next = new Map<string, string>()
    const add: GeoJSON.Feature[] = []
    for (const [id, f] of wanted) {
      const text = JSON.stringify([f.geometry.type === 'Point' ? f.geometry.coordinates : f.geometry.type, f.properties])
      next.set(id, text)
      if (this.shown.get(id) !== text) add.push(f)
    }
    const remove = [...this.shown.keys()].filter((id) => !next.has(id))
    if (add.length === 0 && remove.length === 0) return
    // Most of it is new: setData, because updateData of very many loses some
    // (maplibre-gl-js issue 7521) and is not faster then.
    if (this.shown.size === 0 || add.length > next.size / 2) target.setData({ type: 'FeatureCollection', features: [...wanted.values()] })
    else target.updateData({ ...(remove.length ? { remove } : {}), ...(add.length ? { add } : {}) })
    this.shown = next
  }
}
