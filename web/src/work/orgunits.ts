// The tree of units as of a day, for pages that let somebody choose one.
import { useQuery } from '@tanstack/vue-query'
import { computed, type ComputedRef, type Ref } from 'vue'
import { get } from '@/api/client'
import type { OrgUnit } from '@/api/org'
import { compare } from '@/lib/collate'
import { fromLocal } from '@/lib/local'
import type { Lang } from '@/lib/when'

export interface UnitNode { unit: OrgUnit; children: UnitNode[] }

/** noon of a day as people type it, "" for now: what the API asks the tree with. */
export function noon(date: string): string {
  const ms = date === '' ? null : fromLocal(`${date}T12:00`)
  return ms === null ? '' : new Date(ms).toISOString()
}

export const useOrgUnits = (at: Ref<string>) => useQuery({ queryKey: computed(() => ['org', 'units', at.value]), queryFn: ({ signal }) => get<{ units: OrgUnit[] | null; at: string }>('org/units', { at: noon(at.value) }, signal), staleTime: 60_000 })

export const unitName = (u: { name: string; name_en: string }, lang: Lang): string => (lang === 'en' && u.name_en ? u.name_en : u.name)

/** useUnitName says the name of a unit in force today by its code. */
export function useUnitName(lang: Ref<Lang>): ComputedRef<(code: string) => string> {
  const { data } = useOrgUnits(computed(() => ''))
  return computed(() => {
    const units = indexed(data.value?.units ?? [])
    return (code) => {
      const u = units.get(code)
      return u ? unitName(u, lang.value) : code
    }
  })
}

// Hundreds of rows name units of one answer: they share its index.
const indexes = new WeakMap<OrgUnit[], Map<string, OrgUnit>>()
function indexed(units: OrgUnit[]): Map<string, OrgUnit> {
  const index = indexes.get(units) ?? new Map(units.map((u) => [u.code, u]))
  indexes.set(units, index)
  return index
}

const bare = (name: string): string => name.replace(/^(Phường|Xã|Thị trấn|Đặc khu|Quận|Huyện|Thị xã|Thành phố) /u, '')

/**
 * unitTree hangs units below their parents: agencies before administrative
 * units, each by name without its kind. What has no parent here, or is its own
 * ancestor, becomes a root, so that nothing is lost.
 */
export function unitTree(units: OrgUnit[]): UnitNode[] {
  const nodes = new Map(units.map((u) => [u.code, { unit: u, children: [] as UnitNode[] }]))
  const roots: UnitNode[] = []
  for (const node of nodes.values()) {
    const parent = nodes.get(node.unit.parent)
    if (parent && !ownAncestor(node, nodes)) parent.children.push(node)
    else roots.push(node)
  }
  const order = (a: UnitNode, b: UnitNode): number => rank(a.unit) - rank(b.unit) || compare(bare(a.unit.name), bare(b.unit.name))
  for (const node of nodes.values()) node.children.sort(order)
  return roots.sort(order)
}

function ownAncestor(node: UnitNode, nodes: Map<string, UnitNode>): boolean {
  const seen = new Set<string>()
  for (let at: UnitNode | undefined = nodes.get(node.unit.parent); at; at = nodes.get(at.unit.parent)) {
    if (at === node) return true
    if (seen.has(at.unit.code)) return false
    seen.add(at.unit.code)
  }
  return false
}

const administrative = ['ward', 'commune', 'special_zone', 'township', 'urban_district', 'rural_district', 'town', 'provincial_city']
const rank = (u: OrgUnit): number => (u.kind === 'city' ? 0 : u.ward ? 3 : administrative.includes(u.kind) ? 2 : 1)

export interface UnitRow { unit: OrgUnit; level: number; place: number; siblings: number; children: number; open: boolean; hit: boolean }

/**
 * unitRows are the rows of the tree in view: what is open, or with wanted the
 * units that it names and all above them.
 */
export function unitRows(roots: UnitNode[], open: Set<string>, wanted?: (u: OrgUnit) => boolean): UnitRow[] {
  const rows: UnitRow[] = []
  const walk = (nodes: UnitNode[], level: number): void => {
    const shown = wanted ? nodes.filter((n) => within(n, wanted)) : nodes
    shown.forEach((n, i) => {
      const below = wanted ? n.children.some((c) => within(c, wanted)) : open.has(n.unit.code)
      rows.push({ unit: n.unit, level, place: i + 1, siblings: shown.length, children: n.children.length, open: below && n.children.length > 0, hit: wanted?.(n.unit) ?? false })
      if (below) walk(n.children, level + 1)
    })
  }
  walk(roots, 1)
  return rows
}

const within = (n: UnitNode, wanted: (u: OrgUnit) => boolean): boolean => wanted(n.unit) || n.children.some((c) => within(c, wanted))
