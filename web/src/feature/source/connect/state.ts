// The state of the connect page, shared by its steps, and what it asks of the
// server: sample, preview, and in the end the source with its stations.
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, inject, type InjectionKey, provide, reactive, watch } from 'vue'
import { get, patch, post } from '@/api/client'
import { Problem } from '@/api/problem'
import type { Provenance } from '@/api/types'
import { useWords } from '@/i18n/use'
import { asProblem, message, type SourceDetail } from '../data'
import { type Connectors, type Draft, draftFor, fieldsOf, type Kind, type Mapping, type Preview, type Sample, seconds, type Template, thingOf, tidy, unknownKeys, wrongWith } from './model'

export const steps = ['kind', 'config', 'sample', 'mapping', 'preview', 'stations', 'on'] as const
export type Step = (typeof steps)[number]

export interface Made { id: string; token: string; username: string; password: string }

export interface State {
  step: Step; editing: string; kind: Kind | null; template: Template | null
  name: string; id: string; provenance: Provenance; rhythm: string
  config: Record<string, unknown>; own: boolean; mapping: Mapping
  sample: Sample; preview: Preview | null; problem: Problem | null; drafts: Draft[]
  busy: boolean; failed: Problem | null; made: Made | null; finished: boolean
}

function create() {
  const w = useWords()
  const queries = useQueryClient()
  const connectors = useQuery({ queryKey: ['connectors'], queryFn: ({ signal }) => get<Connectors>('connectors', {}, signal), staleTime: 600_000 })
  const s = reactive<State>({ step: 'kind', editing: '', kind: null, template: null, name: '', id: '', provenance: 'real', rhythm: '10m', config: {}, own: true, mapping: {}, sample: { raw: '' }, preview: null, problem: null, drafts: [], busy: false, failed: null, made: null, finished: false })

  function choose(kind: Kind, template: Template | null): void {
    Object.assign(s, { kind, template, config: { ...(template?.config ?? {}) }, mapping: { ...(template?.mapping ?? {}) }, own: !template?.mapping || Object.keys(template.mapping).length === 0, drafts: [], preview: null, problem: null, failed: null })
    s.sample = template ? { raw: template.sample, name: template.topic ?? template.sample_name } : { raw: '' }
    if (template && s.name === '') s.name = w.say(template.title)
    s.rhythm = template?.datastreams?.[0]?.rhythm ?? '10m'
    s.step = 'config'
  }

  async function edit(id: string): Promise<void> {
    const [{ data: known }, source] = await Promise.all([connectors.suspense(), get<SourceDetail>(`sources/${encodeURIComponent(id)}`)])
    const mapping = (source.mapping ?? {}) as Mapping
    Object.assign(s, { editing: id, id, kind: known?.kinds?.find((k) => k.name === source.kind) ?? null, name: source.name, provenance: source.provenance, rhythm: source.rhythm_seconds > 0 ? `${source.rhythm_seconds}s` : '', config: (source.config ?? {}) as Record<string, unknown>, mapping, own: Object.keys(mapping).length === 0, step: 'config' })
  }

  const body = () => ({ ...(s.editing ? { source: s.editing } : {}), kind: s.kind?.name ?? '', config: tidy(s.config) })
  const mapping = computed(() => (s.own ? ownPart(s.mapping) : tidy(s.mapping)))

  async function fetchSample(): Promise<void> {
    s.busy = true
    s.failed = null
    try {
      s.sample = await post<Sample>('connectors/sample', body())
    } catch (err) {
      s.failed = asProblem(err, w.t('ui.error_unknown'))
    } finally {
      s.busy = false
    }
  }

  let asked = 0
  async function look(): Promise<void> {
    if (s.sample.raw === '' || !s.kind) {
      s.preview = null
      return
    }
    const mine = ++asked
    const { raw, encoding, name } = s.sample
    const ask = (m: Mapping): Promise<Preview> => post<Preview>('connectors/preview', { ...body(), mapping: m, raw, ...(encoding ? { encoding } : {}), ...(name ? { name } : {}) })
    try {
      const answer = await ask(mapping.value)
      if (mine !== asked) return
      s.preview = answer
      s.problem = null
      propose()
    } catch (err) {
      if (mine !== asked) return
      s.problem = asProblem(err, w.t('ui.error_unknown'))
      if (s.preview) return
      // The editor wants the sample's fields although the mapping is wrong.
      const fields = await ask(ownPart(s.mapping)).catch(() => null)
      if (fields && mine === asked) s.preview = { ...fields, rows: [], counts: {} }
    }
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  watch([() => s.sample, mapping], () => {
    clearTimeout(timer)
    timer = setTimeout(() => void look(), 350) // while somebody types
  }, { deep: true })

  function propose(): void {
    const rows = s.preview?.rows ?? []
    for (const key of unknownKeys(rows)) {
      if (s.drafts.some((d) => d.key === key)) continue
      s.drafts.push(draftFor(key, s.template, rows.find((r) => r.key === key)?.unit ?? ''))
    }
  }

  const next = computed<Step | null>(() => steps[steps.indexOf(s.step) + 1] ?? null)
  const before = computed<Step | null>(() => steps[steps.indexOf(s.step) - 1] ?? null)
  /** lacking is why the present step is not done yet, as a key of the catalogue. */
  const lacking = computed(() => {
    if (s.step === 'kind') return s.kind ? '' : 'connect.lack.kind'
    if (s.step === 'config') return s.name.trim() === '' ? 'connect.lack.name' : seconds(s.rhythm) === null ? 'connect.wrong.rhythm' : ''
    if (s.step === 'mapping' && !s.own && (s.problem || fieldsOf(s.mapping).some((f) => !f.datastream || !(f.value || f.text)))) return 'connect.lack.mapping'
    if (s.step === 'stations') return s.drafts.map(wrongWith).find(Boolean) ?? ''
    return ''
  })

  async function finish(): Promise<void> {
    s.busy = true
    s.failed = null
    try {
      const wanted = s.drafts.filter((d) => !d.skip && !d.made)
      const fields = { name: s.name.trim(), config: tidy(s.config), provenance: s.provenance, rhythm_seconds: seconds(s.rhythm) ?? 0, ...(s.editing || !empty(mapping.value) ? { mapping: mapping.value } : {}) }
      if (s.editing) {
        await patch(`sources/${encodeURIComponent(s.editing)}`, fields)
        s.made ??= { id: s.editing, token: '', username: '', password: '' }
      } else if (!s.made) {
        // Switched on only when its stations are there, so that nothing of it is refused.
        const res = await post<{ source: { id: string }; token: string }>('sources', { ...fields, kind: s.kind?.name, enabled: wanted.length === 0, ...(s.id.trim() ? { id: s.id.trim() } : {}) })
        s.made = { id: res.source.id, token: res.token, username: '', password: '' }
      }
      const made = s.made
      if (wanted.length > 0) await makeStations(made.id, wanted)
      if (wanted.some((d) => !d.made)) return
      if (!s.editing && wanted.length > 0) await patch(`sources/${encodeURIComponent(made.id)}`, { enabled: true })
      if (!s.editing && s.kind?.name === 'mqtt' && made.password === '') {
        const res = await post<{ device: { username: string }; password: string }>(`sources/${encodeURIComponent(made.id)}/devices`, { username: `${made.id}-1` })
        Object.assign(made, { username: res.device.username, password: res.password })
      }
      s.finished = true
    } catch (err) {
      s.failed = asProblem(err, w.t('ui.error_unknown'))
    } finally {
      s.busy = false
      for (const head of ['sources', 'source', 'stations', 'layers', 'layer']) void queries.invalidateQueries({ queryKey: [head] })
    }
  }

  async function makeStations(source: string, wanted: Draft[]): Promise<void> {
    const sensor = `${source}-sensor`
    try {
      await post('/sta/v1.1/Sensors', { '@iot.id': sensor, name: s.name.trim(), description: s.name.trim(), encodingType: 'text/plain', metadata: s.template?.id ?? s.kind?.name ?? source })
    } catch (err) {
      if (!(err instanceof Problem && err.status === 409)) throw err // it is there from the last try
    }
    for (const d of wanted) {
      try {
        await post('/sta/v1.1/Things', thingOf(d, source, s.provenance, sensor))
        d.made = true
        d.error = ''
      } catch (err) {
        d.error = message(err, w.t('ui.error_unknown')) + (err instanceof Problem ? err.errors.map((e) => ` ${e.path}: ${e.detail}`).join(';') : '')
      }
    }
  }

  return { s, connectors, mapping, choose, edit, fetchSample, look, next, before, lacking, finish }
}

const empty = (m: object): boolean => Object.keys(m).length === 0
/** Of a mapping that reads IOC's own format only what says how the file is written. */
const ownPart = (m: Mapping): Mapping => tidy({ format: m.format ?? '', charset: m.charset ?? '', delimiter: m.delimiter ?? '', sheet: m.sheet ?? '', records: m.records ?? '', where: m.where ?? '', zone: m.zone ?? '' })

export type Connect = ReturnType<typeof create>
const key: InjectionKey<Connect> = Symbol('connect')

export function provideConnect(): Connect {
  const c = create()
  provide(key, c)
  return c
}

export function useConnect(): Connect {
  const c = inject(key)
  if (!c) throw new Error('useConnect outside the connect page')
  return c
}
