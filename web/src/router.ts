import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { loadSession, session } from './session'

// One lazy route per page. meta.title is a key of the catalogue;
// meta.permission hides the page from those who may not see it.
const routes: RouteRecordRaw[] = [
  { path: '/sign-in', name: 'sign-in', component: () => import('./feature/session/SignInPage.vue'), meta: { title: 'session.sign_in', open: true } },
  { path: '/', name: 'overview', component: () => import('./feature/overview/OverviewPage.vue'), meta: { title: 'nav.overview', permission: 'layer.view' } },
  { path: '/map', name: 'map', component: () => import('./feature/map/MapPage.vue'), meta: { title: 'nav.map', permission: 'layer.view' } },
  { path: '/flood', name: 'flood', component: () => import('./feature/flood/FloodPage.vue'), meta: { title: 'nav.flood', permission: 'layer.view' } },
  { path: '/stations', name: 'stations', component: () => import('./feature/station/StationsPage.vue'), meta: { title: 'nav.stations', permission: 'layer.view' } },
  { path: '/stations/:thing', name: 'station', component: () => import('./feature/station/StationPage.vue'), meta: { title: 'nav.stations', permission: 'layer.view' } },
  { path: '/sources', name: 'sources', component: () => import('./feature/source/SourcesPage.vue'), meta: { title: 'nav.sources', permission: 'source.view' } },
  { path: '/sources/new', name: 'source-new', component: () => import('./feature/source/ConnectPage.vue'), meta: { title: 'nav.sources', permission: 'source.edit' } },
  { path: '/sources/:id', name: 'source', component: () => import('./feature/source/SourcePage.vue'), meta: { title: 'nav.sources', permission: 'source.view' } },
  { path: '/dead-letters', alias: '/sources/dead-letters', name: 'dead-letters', component: () => import('./feature/source/DeadLettersPage.vue'), meta: { title: 'nav.dead_letters', permission: 'source.view' } },
  { path: '/users', name: 'users', component: () => import('./feature/user/UsersPage.vue'), meta: { title: 'nav.users', permission: 'user.view' } },
  { path: '/:path(.*)*', name: 'not-found', component: () => import('./frame/NotFoundPage.vue'), meta: { title: 'ui.not_found' } },
]

declare module 'vue-router' {
  interface RouteMeta {
    title: string
    permission?: string
    open?: boolean
  }
}

export const router = createRouter({ history: createWebHistory(), routes })

router.beforeEach(async (to) => {
  if (to.meta.open) return true
  if (session.value) return true
  try {
    if (await loadSession()) return true
  } catch {
    // The server does not answer. Sign-in says so and tries again.
  }
  return { name: 'sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
})

// After an update the old chunks are gone: load the page anew, once.
router.onError((err: unknown, to) => {
  if (!/dynamically imported module|module script failed/i.test(String(err))) return
  if (sessionStorage.getItem('ioc.reload') === to.fullPath) return
  sessionStorage.setItem('ioc.reload', to.fullPath)
  location.assign(to.fullPath)
})
