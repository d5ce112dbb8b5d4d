import { createRouter, createWebHistory, type RouteLocationRaw, type RouteRecordRaw } from 'vue-router'
import { withWords } from './i18n'
import { loadSession, session } from './session'

// One lazy route per page, with the words of its area where they come late.
// meta.title is a key of the catalogue;
// meta.permission hides the page from those who may not see it.
const routes: RouteRecordRaw[] = [
  { path: '/sign-in', name: 'sign-in', component: () => import('./feature/session/SignInPage.vue'), meta: { title: 'session.sign_in', open: true } },
  { path: '/invitation', name: 'invitation', component: () => import('./feature/session/InvitationPage.vue'), meta: { title: 'session.invite.title', open: true } },
  { path: '/', name: 'overview', component: () => import('./feature/overview/OverviewPage.vue'), meta: { title: 'nav.overview', permission: 'layer.view' } },
  { path: '/map', name: 'map', component: () => import('./feature/map/MapPage.vue'), meta: { title: 'nav.map', permission: 'layer.view' } },
  { path: '/incidents', name: 'incidents', component: () => import('./feature/incident/IncidentsPage.vue'), meta: { title: 'nav.incidents', permission: 'incident.view' } },
  { path: '/incidents/:id', name: 'incident', component: () => import('./feature/incident/IncidentPage.vue'), meta: { title: 'nav.incidents', permission: 'incident.view' } },
  { path: '/tasks', name: 'tasks', component: () => import('./feature/task/TasksPage.vue'), meta: { title: 'nav.tasks', permission: 'incident.view' } },
  { path: '/tasks/:id', name: 'task', component: () => import('./feature/task/TaskPage.vue'), meta: { title: 'nav.tasks', permission: 'incident.view' } },
  { path: '/directives', name: 'directives', component: () => import('./feature/task/DirectivesPage.vue'), meta: { title: 'nav.directives', permission: 'incident.view' } },
  { path: '/sops', name: 'sops', component: () => import('./feature/incident/SopsPage.vue'), meta: { title: 'nav.sops', permission: 'incident.view' } },
  { path: '/sops/:id', name: 'sop', component: () => import('./feature/incident/SopPage.vue'), meta: { title: 'nav.sops', permission: 'incident.view' } },
  { path: '/alerts', name: 'alerts', component: () => import('./feature/alert/AlertsPage.vue'), meta: { title: 'nav.alerts', permission: 'alert.view' } },
  { path: '/alerts/silences', name: 'silences', component: () => import('./feature/alert/SilencesPage.vue'), meta: { title: 'silence.title', permission: 'alert.view' } },
  { path: '/alerts/budget', name: 'alert-budget', component: () => import('./feature/alert/BudgetPage.vue'), meta: { title: 'alert.budget', permission: 'alert.view' } },
  { path: '/alerts/:id', name: 'alert', component: () => import('./feature/alert/AlertPage.vue'), meta: { title: 'nav.alerts', permission: 'alert.view' } },
  { path: '/wall', name: 'wall', component: () => import('./feature/alert/WallPage.vue'), meta: { title: 'nav.wall', permission: 'alert.view', bare: true } },
  { path: '/flood', name: 'flood', component: () => import('./feature/flood/FloodPage.vue'), meta: { title: 'nav.flood', permission: 'layer.view' } },
  { path: '/stations', name: 'stations', component: () => import('./feature/station/StationsPage.vue'), meta: { title: 'nav.stations', permission: 'layer.view' } },
  { path: '/stations/:thing', name: 'station', component: () => import('./feature/station/StationPage.vue'), meta: { title: 'nav.stations', permission: 'layer.view' } },
  { path: '/sources', name: 'sources', component: () => import('./feature/source/SourcesPage.vue'), meta: { title: 'nav.sources', permission: 'source.view' } },
  { path: '/sources/new', name: 'source-new', component: withWords('connect', () => import('./feature/source/ConnectPage.vue')), meta: { title: 'nav.sources', permission: 'source.edit' } },
  { path: '/sources/:id', name: 'source', component: () => import('./feature/source/SourcePage.vue'), meta: { title: 'nav.sources', permission: 'source.view' } },
  { path: '/dead-letters', alias: '/sources/dead-letters', name: 'dead-letters', component: () => import('./feature/source/DeadLettersPage.vue'), meta: { title: 'nav.dead_letters', permission: 'source.view' } },
  { path: '/rules', name: 'rules', component: withWords('rule', () => import('./feature/rule/RulesPage.vue')), meta: { title: 'nav.rules', permission: 'rule.view' } },
  { path: '/rules/new', name: 'rule-new', component: withWords('rule', () => import('./feature/rule/RulePage.vue')), meta: { title: 'nav.rules', permission: 'rule.edit' } },
  { path: '/rules/:id', name: 'rule', component: withWords('rule', () => import('./feature/rule/RulePage.vue')), meta: { title: 'nav.rules', permission: 'rule.view' } },
  { path: '/duty', name: 'duty', component: () => import('./feature/duty/DutyPage.vue'), meta: { title: 'nav.duty', permission: 'duty.view' } },
  { path: '/notify', name: 'notify', component: () => import('./feature/notify/NotifyPage.vue'), meta: { title: 'nav.notify', permission: 'notify.view' } },
  { path: '/me', name: 'me', component: withWords('security', () => import('./feature/security/MePage.vue')), meta: { title: 'nav.me' } },
  { path: '/me/notifications', name: 'my-notifications', component: () => import('./feature/notify/MyNotificationsPage.vue'), meta: { title: 'nav.my_notifications' } },
  { path: '/org', name: 'org', component: withWords('org', () => import('./feature/org/OrgPage.vue')), meta: { title: 'nav.org', permission: 'unit.view' } },
  { path: '/people', alias: '/users', name: 'people', component: withWords('people', () => import('./feature/people/PeoplePage.vue')), meta: { title: 'nav.people', permission: 'user.view' } },
  { path: '/audit', name: 'audit', component: withWords('audit', () => import('./feature/audit/AuditPage.vue')), meta: { title: 'nav.audit', permission: 'audit.view' } },
  { path: '/personal', name: 'personal', component: withWords('personal', () => import('./feature/personal/PersonalPage.vue')), meta: { title: 'nav.personal', permission: 'personal.edit' } },
  { path: '/access', name: 'access', component: withWords('access', () => import('./feature/access/AccessPage.vue')), meta: { title: 'nav.access', permission: 'user.view' } },
  { path: '/calendar', name: 'calendar', component: withWords('calendar', () => import('./feature/calendar/CalendarPage.vue')), meta: { title: 'nav.calendar' } },
  { path: '/people/:id', name: 'person', component: withWords('people', () => import('./feature/people/PersonPage.vue')), meta: { title: 'nav.people', permission: 'user.view' } },
  { path: '/cases', name: 'cases', component: withWords('case', () => import('./feature/case/CasesPage.vue')), meta: { title: 'nav.case_list', permission: 'case.view' } },
  { path: '/cases/board', name: 'case-board', component: withWords('case', () => import('./feature/case/BoardPage.vue')), meta: { title: 'nav.case_board', permission: 'case.view' } },
  { path: '/cases/mine', name: 'my-cases', component: withWords('case', () => import('./feature/case/MyCasesPage.vue')), meta: { title: 'nav.case_mine', permission: 'case.view' } },
  { path: '/cases/warnings', name: 'case-warnings', component: withWords('case', () => import('./feature/case/WarningsPage.vue')), meta: { title: 'nav.case_warnings', permission: 'case.view' } },
  { path: '/cases/slow', name: 'case-slow', component: withWords('case', () => import('./feature/case/SlowPage.vue')), meta: { title: 'nav.case_slow', permission: 'case.view' } },
  { path: '/cases/score766', name: 'case-score', component: withWords('case', () => import('./feature/case/ScorePage.vue')), meta: { title: 'nav.case_score', permission: 'case.view' } },
  { path: '/cases/compare', name: 'case-compare', component: withWords('case', () => import('./feature/case/ComparePage.vue')), meta: { title: 'nav.case_compare', permission: 'case.view' } },
  { path: '/cases/procedures', name: 'case-procedures', component: withWords('case', () => import('./feature/case/ProceduresPage.vue')), meta: { title: 'nav.case_procedures', permission: 'case.view' } },
  { path: '/cases/words', name: 'case-words', component: withWords('case', () => import('./feature/case/WordsPage.vue')), meta: { title: 'nav.case_words', permission: 'case.map' } },
  { path: '/cases/systems', name: 'case-systems', component: withWords('case', () => import('./feature/case/SystemsPage.vue')), meta: { title: 'nav.case_systems', permission: 'case.connect' } },
  { path: '/cases/systems/new', name: 'case-system-new', component: withWords('case', () => import('./feature/case/ConnectPage.vue')), meta: { title: 'nav.case_systems', permission: 'case.connect' } },
  { path: '/cases/systems/:id', name: 'case-system', component: withWords('case', () => import('./feature/case/SystemPage.vue')), meta: { title: 'nav.case_systems', permission: 'case.connect' } },
  { path: '/cases/:id', name: 'case', component: withWords('case', () => import('./feature/case/CasePage.vue')), meta: { title: 'nav.cases', permission: 'case.view' } },
  { path: '/tra-cuu', name: 'case-lookup', component: withWords('case', () => import('./feature/case/PublicPage.vue')), meta: { title: 'nav.case_lookup', open: true } },
  { path: '/:path(.*)*', name: 'not-found', component: () => import('./frame/NotFoundPage.vue'), meta: { title: 'ui.not_found' } },
]

declare module 'vue-router' {
  interface RouteMeta {
    title: string
    permission?: string
    open?: boolean
    /** without rail and top bar */
    bare?: boolean
  }
}

export const router = createRouter({ history: createWebHistory(), routes })

// Who must set up a second factor can do nothing else before.
const enrolled = (name: unknown): true | RouteLocationRaw => (session.value?.user.must_enrol && !session.value.user.must_change && name !== 'me' ? { name: 'me', query: { tab: 'security' } } : true)

router.beforeEach(async (to) => {
  if (to.meta.open) return true
  if (session.value) return enrolled(to.name)
  try {
    if (await loadSession()) return enrolled(to.name)
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
