// The state of the wizard that connects a one-stop system.
import { computed, reactive, ref, shallowRef } from 'vue'
import type { CasePreview, CaseSystem, CaseSystemWithToken, SystemKindView } from '@/api/case'
import { get, patch, post } from '@/api/client'
import type { Problem } from '@/api/problem'
import { asProblem } from '@/work/grant'
import { path, useKinds } from './data'
import { emptyForm, fromMapping, type MappingForm, suggest, toMapping, twice } from './mapping'

export const steps = ['kind', 'config', 'mapping', 'done'] as const
export type Step = (typeof steps)[number]

export function useConnect() {
  const { data, error, refetch } = useKinds()
  const kinds = computed(() => data.value?.kinds ?? [])
  const fields = computed(() => data.value?.fields ?? [])
  const s = reactive({ step: 'kind' as Step, name: '', every: '300', synthetic: false, text: '', editing: '', config: {} as Record<string, unknown> })
  const kind = shallowRef<SystemKindView | null>(null)
  const form = ref<MappingForm>(emptyForm())
  const preview = shallowRef<CasePreview | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const made = shallowRef<CaseSystemWithToken | null>(null)
  const busy = ref(false)
  const mapped = computed(() => kind.value?.name !== 'push')
  const count = computed(() => Object.keys(toMapping(form.value)).filter((k) => fields.value.some((f) => f.name === k)).length)
  const hasCode = computed(() => !mapped.value || 'code' in toMapping(form.value) || Object.keys((toMapping(form.value)['constants'] as object | undefined) ?? {}).includes('code'))
  const double = computed(() => twice(form.value))

  function choose(k: SystemKindView): void {
    kind.value = k
    s.config = {}
    s.step = 'config'
    problem.value = null
    preview.value = null
  }
  async function edit(id: string): Promise<void> {
    const [system, list] = await Promise.all([get<CaseSystem>(path('systems', id)), data.value ? Promise.resolve(data.value) : refetch().then((r) => r.data)])
    kind.value = list?.kinds?.find((k) => k.name === system.kind) ?? null
    Object.assign(s, { editing: id, name: system.name, every: String(system.every_seconds), synthetic: system.synthetic, config: { ...(system.config ?? {}) }, step: 'config' })
    form.value = fromMapping(system.mapping, (list?.fields ?? []).map((f) => f.name))
  }
  async function run(f: () => Promise<void>): Promise<void> {
    busy.value = true
    problem.value = null
    try {
      await f()
    } catch (err) {
      problem.value = asProblem(err)
    } finally {
      busy.value = false
    }
  }
  const trial = (): Promise<CasePreview> => post<CasePreview>('cases/systems/preview', { ...(s.editing ? { system: s.editing } : {}), kind: kind.value?.name, config: s.config, mapping: mapped.value ? toMapping(form.value) : {}, text: s.text })
  /** test asks what the sample becomes; columns that nobody has chosen for are suggested, and then asked again. */
  const test = (): Promise<void> => run(async () => {
    let p = await trial()
    const next = mapped.value ? suggest(form.value, p.columns ?? []) : form.value
    const fresh = JSON.stringify(next.columns) !== JSON.stringify(form.value.columns)
    form.value = next
    if (fresh && hasCode.value) p = await trial()
    preview.value = p
  })
  const save = (): Promise<void> => run(async () => {
    const body = { name: s.name.trim(), config: s.config, mapping: mapped.value ? toMapping(form.value) : {}, synthetic: s.synthetic, every_seconds: Number(s.every) || 300 }
    made.value = s.editing ? await patch<CaseSystemWithToken>(path('systems', s.editing), body) : await post<CaseSystemWithToken>('cases/systems', { ...body, kind: kind.value?.name, enabled: true })
  })
  return { s, kinds, fields, kind, form, preview, problem, made, busy, mapped, count, hasCode, double, loadError: error, choose, edit, test, save }
}
