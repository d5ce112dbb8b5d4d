// What this browser prefers: theme and language. public/theme.js reads the
// same keys before the first paint.
import { ref, watch } from 'vue'
import { setLang } from './i18n'
import type { Lang } from './lib/when'

export type Theme = 'dark' | 'light'

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null // private mode: the defaults hold
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // private mode: the choice lasts as long as the page
  }
}

export const theme = ref<Theme>(stored('ioc.theme') === 'light' ? 'light' : 'dark')
export const lang = ref<Lang>(stored('ioc.lang') === 'en' ? 'en' : 'vi')

watch(
  theme,
  (v) => {
    document.documentElement.dataset['theme'] = v
    document.querySelector('meta[name="theme-color"]')?.setAttribute('content', v === 'light' ? '#F4F6FA' : '#0B1220')
    keep('ioc.theme', v)
  },
  { flush: 'sync', immediate: true },
)

export async function chooseLang(v: Lang): Promise<void> {
  await setLang(v)
  lang.value = v
  keep('ioc.lang', v)
}
