// What an entry changed: its before and after, leaf by leaf.

export interface Leaf { path: string; before: string | null; after: string | null }

/** differences are the leaves that differ, in the order of the newer side; what is only on one side has null on the other. */
export function differences(before: unknown, after: unknown): Leaf[] {
  const a = leaves(before)
  const b = leaves(after)
  const out: Leaf[] = []
  for (const path of new Set([...b.keys(), ...a.keys()])) {
    const x = a.get(path) ?? null
    const y = b.get(path) ?? null
    if (x !== y) out.push({ path, before: x, after: y })
  }
  return out
}

/** unchanged is how many leaves are the same on both sides. */
export function unchanged(before: unknown, after: unknown): number {
  const b = leaves(after)
  return [...leaves(before)].filter(([path, v]) => b.get(path) === v).length
}

/** leaves flattens to "a.b" and "list[0]"; lists of plain values stay in one line. */
export function leaves(value: unknown, path = ''): Map<string, string> {
  const out = new Map<string, string>()
  const put = (v: unknown, at: string): void => {
    if (v === undefined || v === null) return
    if (Array.isArray(v)) {
      if (v.every((x) => typeof x !== 'object' || x === null)) out.set(at, v.map(String).join(', '))
      else v.forEach((x, i) => put(x, `${at}[${i + 1}]`))
    } else if (typeof v === 'object') {
      for (const [key, x] of Object.entries(v)) put(x, at === '' ? key : `${at}.${key}`)
    } else out.set(at, String(v))
  }
  put(value, path)
  return out
}

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
export const isInstant = (text: string): boolean => instant.test(text)

/** entityLink is the page of what an entry is about, "" where there is none. */
export function entityLink(entity: string, id: string): string {
  const page: Record<string, string> = { user: '/people/', alert: '/alerts/', incident: '/incidents/', task: '/tasks/', rule: '/rules/', source: '/sources/', sop: '/sops/', case: '/cases/' }
  if (entity === 'unit' || entity === 'org_unit') return `/org?unit=${encodeURIComponent(id)}`
  return page[entity] ? page[entity] + encodeURIComponent(id) : ''
}
