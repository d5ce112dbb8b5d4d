import { CloudRainWind, Database, LayoutDashboard, Map, RadioTower, Users } from 'lucide-vue-next'
import type { Component } from 'vue'

export interface NavItem { to: string; key: string; icon: Component; permission: string; match: string[]; phone: boolean }

/** The rail, in order; on phones those marked phone form the bottom bar. */
export const nav: NavItem[] = [
  { to: '/', key: 'nav.overview', icon: LayoutDashboard, permission: 'layer.view', match: ['overview'], phone: true },
  { to: '/map', key: 'nav.map', icon: Map, permission: 'layer.view', match: ['map'], phone: true },
  { to: '/flood', key: 'nav.flood', icon: CloudRainWind, permission: 'layer.view', match: ['flood'], phone: true },
  { to: '/stations', key: 'nav.stations', icon: RadioTower, permission: 'layer.view', match: ['stations', 'station'], phone: true },
  { to: '/sources', key: 'nav.sources', icon: Database, permission: 'source.view', match: ['sources', 'source', 'source-new', 'dead-letters'], phone: true },
  { to: '/users', key: 'nav.users', icon: Users, permission: 'user.view', match: ['users'], phone: false },
]
