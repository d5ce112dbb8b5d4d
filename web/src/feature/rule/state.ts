// The rule being written: its draft, what the server says of it while one
// types, and the steps of its review. One page provides it to its tabs.
import { useQueryClient } from '@tanstack/vue-query'
import { computed, inject, type InjectionKey, onScopeDispose, provide, reactive, ref, type Ref, watch } from 'vue'
import { useRouter } from 'vue-router'
import { post, put } from '@/api/client'
import { Problem } from '@/api/problem'
import type { Rule, RuleCheck, RuleDraft } from '@/api/rule'
import { useWords } from '@/i18n/use'
import { toast } from '@/ui/toast'
import { draftOf, emptyDraft, message, path } from './data'

export type Editor = ReturnType<typeof make>
const key: InjectionKey<Editor> = Symbol('rule')

export function provideEditor(id: Ref<string>, rule: Ref<Rule | undefined>): Editor {
  const editor = make(id, rule)
  provide(key, editor)
  return editor
}

export function useEditor(): Editor {
  const editor = inject(key)
  if (!editor) throw new Error('no rule is being written here')
  return editor
}

function make(id: Ref<string>, rule: Ref<Rule | undefined>) {
  const w = useWords()
  const router = useRouter()
  const queries = useQueryClient()
  const s = reactive<{ draft: RuleDraft; saved: string; check: RuleCheck | null; checking: boolean; problem: Problem | null; busy: string }>({ draft: emptyDraft(), saved: '', check: null, checking: false, problem: null, busy: '' })
  const text = computed(() => JSON.stringify(s.draft))
  const dirty = computed(() => text.value !== s.saved)
  /** begun says that the person has typed: until then an empty form shows no errors. */
  const begun = ref(false)

  function take(d: RuleDraft): void {
    s.draft = draftOf(d)
    s.saved = JSON.stringify(s.draft)
    begun.value = false
  }
  take(emptyDraft())
  watch(() => (rule.value ? `${rule.value.id}/${rule.value.version}` : ''), () => rule.value && take(rule.value), { immediate: true })

  let timer: ReturnType<typeof setTimeout> | undefined
  let asked = 0
  async function look(): Promise<void> {
    const mine = ++asked
    s.checking = true
    try {
      const answer = await post<RuleCheck>('rules/check', s.draft)
      if (mine === asked) s.check = answer
    } catch (err) {
      // The check is a help; what hinders saving is said when saving.
      if (mine === asked && err instanceof Problem && err.status === 422) s.check = { ok: false, promql: '', selects: 0, things: [], would_fire_now: 0, warnings: [], errors: err.errors }
    } finally {
      if (mine === asked) s.checking = false
    }
  }
  watch(text, () => {
    if (dirty.value) begun.value = true
    s.problem = null
    clearTimeout(timer)
    timer = setTimeout(look, 350)
  }, { immediate: true })
  onScopeDispose(() => clearTimeout(timer))

  const wrong = (at: string): string => s.problem?.at(at) || (begun.value ? (s.check?.errors ?? []).filter((e) => e.path === at || e.path === `body.${at}`).map((e) => e.detail).join('; ') : '')
  const nothing = computed(() => s.check !== null && s.check.ok && s.check.selects === 0)
  const everywhere = computed(() => s.check !== null && s.check.selects > 1 && s.check.would_fire_now >= s.check.selects)

  async function act(name: string, f: () => Promise<unknown>, done = ''): Promise<boolean> {
    s.busy = name
    try {
      await f()
      await queries.invalidateQueries({ queryKey: ['rules'] })
      await queries.invalidateQueries({ queryKey: ['rule', id.value] })
      if (done) toast(done)
      return true
    } catch (err) {
      s.problem = err instanceof Problem ? err : new Problem(0, 'unknown', w.t('ui.error_unknown'))
      toast(message(err, w.t('ui.error_unknown')), 'bad')
      return false
    } finally {
      s.busy = ''
    }
  }

  async function save(): Promise<boolean> {
    const fresh = id.value === ''
    let made: Rule | undefined
    const ok = await act('save', async () => {
      made = fresh ? await post<Rule>('rules', s.draft) : await put<Rule>(path(id.value), s.draft)
      s.saved = JSON.stringify(s.draft)
    }, w.t('rule.saved'))
    if (ok && fresh && made) await router.replace(`/rules/${encodeURIComponent(made.id)}`)
    return ok
  }

  return {
    s, dirty, begun, nothing, everywhere, wrong, save, act, rule, id,
    submit: (confirm: boolean) => act('submit', () => post(`${path(id.value)}/submit`, { confirm }), w.t('rule.submitted')),
    approve: (version: number, confirm: boolean) => act('approve', () => post(`${path(id.value)}/approve`, { version, confirm }), w.t('rule.approved')),
    reject: (version: number, reason: string) => act('reject', () => post(`${path(id.value)}/reject`, { version, reason }), w.t('rule.rejected')),
    reset: () => rule.value && take(rule.value),
  }
}
