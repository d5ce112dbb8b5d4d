// The hand-written shapes against the server's own description: whatever the
// interface reads must be there. openapi.json is the server's golden file.
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { expect, it } from 'vitest'

interface Schema { properties?: Record<string, unknown> }

// File, then shape here → schema there.
const files: Record<string, Record<string, string>> = {
  types: {
    Feature: 'Feature', Layer: 'LayerView', LayerFeatures: 'LayerAt', LegendItem: 'LegendItem', Column: 'Column',
    Figure: 'Figure', FigurePoint: 'Point', Indicator: 'IndicatorView', FeedItem: 'Notice', SourcesSummary: 'SourcesState', Overview: 'Overview',
    FloodSummary: 'Summary', RainRow: 'Gauge', RiverRow: 'River', TowerRow: 'Tower', ReservoirRow: 'Reservoir', UnitRow: 'UnitReport', Label: 'Label',
    Session: 'SessionOutputBody', User: 'SessionUser', ViewAs: 'ViewedAs', Hello: 'HelloBody', SignedIn: 'SignInOutputBody', Unit: 'Unit', SearchResult: 'Result', IngestResult: 'IngestResult',
    Threshold: 'Threshold', Series: 'Chart', Station: 'Station', StationStream: 'Stream',
    Source: 'SourceReport', Readiness: 'Score', ConnectorKind: 'KindView', DeadLetter: 'DeadLetter', AuditEntry: 'Entry', FactAside: 'Aside',
  },
  alert: {
    Viewer: 'Viewer', AlertTimes: 'Times', Alert: 'Alert', AlertSummary: 'AlertSummary', Evidence: 'Evidence', AlertDetail: 'Detail', TimelineEntry: 'AlertEntry',
    AlertBudget: 'Budget', Matcher: 'Matcher', Silence: 'Silence', Inhibition: 'Inhibition', StepBody: 'Alert-stepRequest', RaiseBody: 'DraftBody',
  },
  rule: {
    RuleLevel: 'Level', RuleGuard: 'Guard', Precision: 'Precision', RuleDraft: 'Editable', Rule: 'View', RuleCheck: 'CheckOutputBody', RuleError: 'Wrongness',
    Firing: 'BacktestFiring', BacktestCompare: 'BacktestCompare', BacktestResult: 'BacktestResult', Backtest: 'Backtest', Trace: 'Trace', TracePoint: 'TracePoint', TraceLevel: 'TraceLevel',
  },
  duty: {
    OnDuty: 'OnDuty', Shift: 'Shift', Handover: 'Handover', DutyNow: 'DutyNow', LogEntry: 'LogEntry', DutyUnit: 'DutyUnit', DutyPerson: 'DutyPerson',
    Responsibility: 'Responsibility',
  },
  notify: { Channel: 'NotifyChannel', GatewayTemplate: 'GatewayTemplate', Delivery: 'Delivery', InboxItem: 'InboxItem', Inbox: 'InboxOutputBody', MyWishes: 'Contact' },
  incident: {
    Incident: 'Incident', IncidentPage: 'List-incidentsResponse', Message: 'IncidentMessage', IncidentFile: 'IncidentFile', IncidentDetail: 'IncidentDetail',
    IncidentStepBody: 'IncidentStepBody', SopStep: 'SOPStep', Sop: 'SOP', Task: 'Task', TaskPage: 'TasksOutputBody', TaskDetail: 'TaskDetail', TaskStepBody: 'TaskStepBody',
    BoardRow: 'BoardRow', Board: 'Board',
  },
  org: { OrgUnit: 'OrgUnit', OrgWork: 'Work', OrgDetail: 'UnitPage', OrgEdit: 'PutInputBody', LineError: 'ImportProblem', OrgImport: 'ImportOutputBody2' },
  people: {
    Grant: 'Grant', Away: 'Away', Person: 'User', PeoplePage: 'UsersOutputBody', GrantDraft: 'GrantBody', DiffLine: 'Change', DiffNote: 'DiffNote',
    AccessDiff: 'DiffOutputBody', Invited: 'InviteOutputBody', PeopleImport: 'ImportOutputBody', SignedInAt: 'Session',
  },
  access: { RoleRow: 'RoleRow', PermissionText: 'PermissionRow', RoleTable: 'RolesOutputBody', Seer: 'Seer', SystemToken: 'APIToken', PolicyRow: 'PolicyRow', PolicyBook: 'PolicyOutputBody' },
  audit: { TrailActor: 'Actor', TrailEntry: 'Entry', TrailPage: 'ListOutputBody', TrailVerdict: 'Verdict', TrailRoot: 'Root' },
  calendar: { CalendarDay: 'PageDay', OfficeHours: 'PageHours', CalendarYear: 'YearPage', DueStep: 'Step', DueAnswer: 'Term' },
  security: { SecondStep: 'Second', Passkey: 'Passkey', MySecurity: 'Security', TotpOffer: 'Enrolment', MyAccount: 'Profile', Colleague: 'SeerUser' },
  personal: { RetentionRow: 'Retention', Revealed: 'Revealed', Kept: 'Kept', SubjectFile: 'SubjectFile', SubjectData: 'SubjectData', Erased: 'Erased' },
  attachment: { Attachment: 'File' },
  case: {
    Applicant: 'Applicant', CaseProblem: 'Problem', Case: 'Case', CasePage: 'ListOutputBody2', CaseEvent: 'CaseworkEntry', DeadlineVersion: 'Deadline', CasePause: 'Pause',
    CaseStep: 'Stretch', CaseDetail: 'CaseworkDetail', BoardBefore: 'Before', BoardRow: 'BoardRow2', CaseBoard: 'Sheet', SlowRow: 'Slow', Component766: 'Component', Group766: 'Group', Score766: 'BoardScore',
    Tally: 'Part', CompareRow: 'Compared', Compare: 'Comparison', Procedure: 'Procedure', CaseSummary: 'BoardSummary', CaseSystem: 'CaseSystem', CaseSystemWithToken: 'CaseSystemWithToken', SystemKindView: 'CaseKind',
    CaseField: 'CaseField', RowError: 'CasePreviewError', CaseImport: 'CaseImport', CasePreview: 'CasePreview', RejectedRow: 'CaseRejected', CaseWord: 'CaseWord', WarningSettings: 'WarnSettings', EscalateRule: 'WarnEscalation',
    CaseWarning: 'WarnWarning', WarningList: 'Page', Digest: 'Digest', PublicCase: 'Public',
  },
}

const golden = 'openapi.json'

it.each(Object.entries(files))('%s reads nothing that the server does not send', { timeout: 60_000 }, (file, pairs) => {
  const path = `src/api/${file}.ts`
  const schemas = (JSON.parse(readFileSync(golden, 'utf8')) as { components: { schemas: Record<string, Schema> } }).components.schemas
  const program = ts.createProgram([path], { strict: true, types: ['geojson'], noEmit: true, skipLibCheck: true })
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(path)
  if (!source) throw new Error(`${path} is gone`)
  const wrong: string[] = []
  const missing = new Set(Object.keys(pairs))
  source.forEachChild((node) => {
    if (!ts.isInterfaceDeclaration(node)) return
    const want = pairs[node.name.text]
    if (!want) return
    missing.delete(node.name.text)
    const schema = schemas[want]
    if (!schema) {
      wrong.push(`${node.name.text}: the server has no ${want}`)
      return
    }
    for (const p of checker.getPropertiesOfType(checker.getTypeAtLocation(node))) {
      if (!(p.name in (schema.properties ?? {}))) wrong.push(`${node.name.text}.${p.name} is not in ${want}`)
    }
  })
  for (const name of missing) wrong.push(`${path} has no ${name}`)
  expect(wrong).toEqual([])
})
