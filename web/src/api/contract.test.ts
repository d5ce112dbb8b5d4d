// The hand-written shapes against the server's own description: whatever the
// interface reads must be there. openapi.json is the server's golden file.
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { expect, it } from 'vitest'

interface Schema { properties?: Record<string, unknown> }

// Shape here → schema there.
const pairs: Record<string, string> = {
  Feature: 'Feature', Layer: 'LayerView', LayerFeatures: 'LayerAt', LegendItem: 'LegendItem', Column: 'Column',
  Figure: 'Figure', FigurePoint: 'Point', Indicator: 'IndicatorView', FeedItem: 'Notice', SourcesSummary: 'SourcesState', Overview: 'Overview',
  FloodSummary: 'Summary', RainRow: 'Gauge', RiverRow: 'River', TowerRow: 'Tower', ReservoirRow: 'Reservoir', UnitRow: 'UnitReport', Label: 'Label',
  Session: 'SessionOutputBody', Hello: 'HelloBody', SignedIn: 'SignInOutputBody', Unit: 'Unit', SearchResult: 'Result', IngestResult: 'IngestResult',
  Threshold: 'Threshold', Series: 'Chart', Station: 'Station', StationStream: 'Stream',
  Source: 'SourceReport', Readiness: 'Score', ConnectorKind: 'KindView', DeadLetter: 'DeadLetter', AuditEntry: 'Entry',
}

const golden = 'openapi.json'

it('reads nothing that the server does not send', () => {
  const schemas = (JSON.parse(readFileSync(golden, 'utf8')) as { components: { schemas: Record<string, Schema> } }).components.schemas
  const program = ts.createProgram(['src/api/types.ts'], { strict: true, types: ['geojson'], noEmit: true, skipLibCheck: true })
  const checker = program.getTypeChecker()
  const source = program.getSourceFile('src/api/types.ts')
  if (!source) throw new Error('src/api/types.ts is gone')
  const wrong: string[] = []
  source.forEachChild((node) => {
    if (!ts.isInterfaceDeclaration(node)) return
    const want = pairs[node.name.text]
    if (!want) return
    const schema = schemas[want]
    if (!schema) {
      wrong.push(`${node.name.text}: the server has no ${want}`)
      return
    }
    for (const p of checker.getPropertiesOfType(checker.getTypeAtLocation(node))) {
      if (!(p.name in (schema.properties ?? {}))) wrong.push(`${node.name.text}.${p.name} is not in ${want}`)
    }
  })
  expect(wrong).toEqual([])
})
