// One folder per language, one file per area of the interface; the file's
// name is the first part of the key: vi/flood.json {"title": …} is
// t('flood.title'). catalogue.test.ts holds the languages together.
import { createI18n } from 'vue-i18n'
import type { Lang } from '@/lib/when'

type Catalogue = Record<string, Record<string, unknown>>

const loaders: Record<Lang, () => Promise<{ default: Catalogue }>> = {
  vi: () => import('./vi'),
  en: () => import('./en'),
}

export const i18n = createI18n({ legacy: false, locale: 'vi', fallbackLocale: 'vi', messages: {} as Record<string, Catalogue>, missingWarn: import.meta.env.DEV, fallbackWarn: false })

/** setLang loads a language and switches to it. */
export async function setLang(lang: Lang): Promise<void> {
  if (!i18n.global.availableLocales.includes(lang)) {
    i18n.global.setLocaleMessage(lang, (await loaders[lang]()).default)
  }
  i18n.global.locale.value = lang
  document.documentElement.lang = lang
}

/** currentLang is for code outside components; components use useLang(). */
export const currentLang = (): Lang => (i18n.global.locale.value === 'en' ? 'en' : 'vi')
