// One folder per language, one file per area of the interface; the file's
// name is the first part of the key: vi/flood.json {"title": …} is
// t('flood.title'). Areas under late/ come with the pages that need them, so
// that the first page does not wait for words nobody reads yet.
// catalogue.test.ts holds the languages together.
import { createI18n } from 'vue-i18n'
import type { Lang } from '@/lib/when'

type Catalogue = Record<string, Record<string, unknown>>

const loaders: Record<Lang, () => Promise<{ default: Catalogue }>> = {
  vi: () => import('./vi'),
  en: () => import('./en'),
}
const late = import.meta.glob<Record<string, unknown>>('./*/late/*.json', { import: 'default' })
const wanted = new Set<string>()

export const i18n = createI18n({ legacy: false, locale: 'vi', fallbackLocale: 'vi', messages: {} as Record<string, Catalogue>, missingWarn: import.meta.env.DEV, fallbackWarn: false })

async function loadLate(lang: Lang, area: string): Promise<void> {
  const messages = await late[`./${lang}/late/${area}.json`]?.()
  if (!messages) throw new Error(`no words of ${area} in ${lang}`)
  i18n.global.mergeLocaleMessage(lang, { [area]: messages })
}

/** setLang loads a language and switches to it. */
export async function setLang(lang: Lang): Promise<void> {
  if (!i18n.global.availableLocales.includes(lang)) {
    i18n.global.setLocaleMessage(lang, (await loaders[lang]()).default)
  }
  await Promise.all([...wanted].map((area) => loadLate(lang, area)))
  i18n.global.locale.value = lang
  document.documentElement.lang = lang
}

/** withWords loads a page together with the words of an area under late/. */
export function withWords<Page>(area: string, page: () => Promise<Page>): () => Promise<Page> {
  return async () => {
    wanted.add(area)
    return (await Promise.all([page(), loadLate(currentLang(), area)]))[0]
  }
}

/** currentLang is for code outside components; components use useLang(). */
export const currentLang = (): Lang => (i18n.global.locale.value === 'en' ? 'en' : 'vi')
