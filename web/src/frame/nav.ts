import { BookUser, Building2, ClipboardCheck, CloudRainWind, Database, FileText, LayoutDashboard, ListChecks, Map, Megaphone, RadioTower, Send, Siren, TriangleAlert } from 'lucide-vue-next'
import type { Component } from 'vue'

/** SubItem is a page beside others below one entry of the rail; permission "" is for everybody. */
export interface SubItem { to: string; key: string; permission: string; match: string[] }
export interface NavItem { to: string; key: string; icon: Component; permission: string; match: string[]; phone: boolean; pages?: SubItem[] }

/** The pages of administration stand beside each other above their content. */
const administration: SubItem[] = [
  { to: '/org', key: 'nav.org', permission: 'unit.view', match: ['org'] },
  { to: '/people', key: 'nav.people', permission: 'user.view', match: ['people', 'person'] },
  { to: '/access', key: 'nav.access', permission: 'user.view', match: ['access'] },
  { to: '/audit', key: 'nav.audit', permission: 'audit.view', match: ['audit'] },
  { to: '/personal', key: 'nav.personal', permission: 'personal.edit', match: ['personal'] },
  { to: '/calendar', key: 'nav.calendar', permission: '', match: ['calendar'] },
]

/** The pages of administrative files. */
const cases: SubItem[] = [
  { to: '/cases/board', key: 'nav.case_board', permission: 'case.view', match: ['case-board'] },
  { to: '/cases', key: 'nav.case_list', permission: 'case.view', match: ['cases', 'case'] },
  { to: '/cases/mine', key: 'nav.case_mine', permission: 'case.view', match: ['my-cases'] },
  { to: '/cases/warnings', key: 'nav.case_warnings', permission: 'case.view', match: ['case-warnings'] },
  { to: '/cases/slow', key: 'nav.case_slow', permission: 'case.view', match: ['case-slow'] },
  { to: '/cases/score766', key: 'nav.case_score', permission: 'case.view', match: ['case-score'] },
  { to: '/cases/compare', key: 'nav.case_compare', permission: 'case.view', match: ['case-compare'] },
  { to: '/cases/procedures', key: 'nav.case_procedures', permission: 'case.view', match: ['case-procedures'] },
  { to: '/cases/words', key: 'nav.case_words', permission: 'case.map', match: ['case-words'] },
  { to: '/cases/systems', key: 'nav.case_systems', permission: 'case.connect', match: ['case-systems', 'case-system', 'case-system-new'] },
]

/** The rail, in order. On phones those marked phone form the bottom bar, five at most beside "more", which opens the rest. */
export const nav: NavItem[] = [
  { to: '/', key: 'nav.overview', icon: LayoutDashboard, permission: 'layer.view', match: ['overview'], phone: true },
  { to: '/map', key: 'nav.map', icon: Map, permission: 'layer.view', match: ['map'], phone: true },
  { to: '/alerts', key: 'nav.alerts', icon: TriangleAlert, permission: 'alert.view', match: ['alerts', 'alert', 'silences', 'alert-budget'], phone: true },
  { to: '/incidents', key: 'nav.incidents', icon: Siren, permission: 'incident.view', match: ['incidents', 'incident', 'sops', 'sop'], phone: true },
  { to: '/tasks', key: 'nav.tasks', icon: ClipboardCheck, permission: 'incident.view', match: ['tasks', 'task'], phone: true },
  { to: '/directives', key: 'nav.directives', icon: Megaphone, permission: 'directive.give', match: ['directives'], phone: false },
  { to: '/cases/board', key: 'nav.cases', icon: FileText, permission: 'case.view', match: cases.flatMap((p) => p.match), phone: false, pages: cases },
  { to: '/flood', key: 'nav.flood', icon: CloudRainWind, permission: 'layer.view', match: ['flood'], phone: false },
  { to: '/stations', key: 'nav.stations', icon: RadioTower, permission: 'layer.view', match: ['stations', 'station'], phone: false },
  { to: '/duty', key: 'nav.duty', icon: BookUser, permission: 'duty.view', match: ['duty'], phone: false },
  { to: '/rules', key: 'nav.rules', icon: ListChecks, permission: 'rule.view', match: ['rules', 'rule', 'rule-new'], phone: false },
  { to: '/sources', key: 'nav.sources', icon: Database, permission: 'source.view', match: ['sources', 'source', 'source-new', 'dead-letters'], phone: false },
  { to: '/notify', key: 'nav.notify', icon: Send, permission: 'notify.view', match: ['notify'], phone: false },
  { to: '/org', key: 'nav.administration', icon: Building2, permission: 'unit.view', match: administration.flatMap((p) => p.match), phone: false, pages: administration },
]

/** phoneBar parts the pages a person may see into the bottom bar of phones and what "more" opens. Six fit without it. */
export function phoneBar(items: NavItem[]): { bar: NavItem[]; more: NavItem[] } {
  if (items.length <= 6) return { bar: items, more: [] }
  return { bar: items.filter((i) => i.phone), more: items.filter((i) => !i.phone) }
}

/** pagesFor are the entries that somebody may open; who may not open an entry's first page is led to the first one allowed. */
export function pagesFor(items: NavItem[], can: (permission: string) => boolean): NavItem[] {
  return items.flatMap((item) => {
    if (can(item.permission)) return [item]
    const first = item.pages?.find((p) => p.permission !== '' && can(p.permission))
    return first ? [{ ...item, to: first.to }] : []
  })
}
