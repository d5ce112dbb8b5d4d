import { VueQueryPlugin, QueryClient } from '@tanstack/vue-query'
import { createApp } from 'vue'
import { whenSignedOut } from './api/client'
import { Problem } from './api/problem'
import App from './App.vue'
import { i18n } from './i18n'
import { live } from './live'
import { chooseLang, lang } from './prefs'
import { router } from './router'
import { session } from './session'
import './style.css'

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      shallow: true, // answers are replaced, never changed: no deep proxies over thousands of rows
      refetchOnWindowFocus: true,
      // What the person did wrong will not get better by asking again.
      retry: (count, err) => count < 2 && !(err instanceof Problem && err.status >= 400 && err.status < 500),
    },
  },
})

whenSignedOut(() => {
  session.value = null
  live.stop()
  queries.clear()
  const route = router.currentRoute.value
  if (route.name !== 'sign-in') void router.replace({ name: 'sign-in', query: { next: route.fullPath } })
})

await chooseLang(lang.value)
createApp(App).use(i18n).use(router).use(VueQueryPlugin, { queryClient: queries }).mount('#app')
