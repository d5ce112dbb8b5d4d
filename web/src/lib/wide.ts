// Whether the screen has room for three columns side by side.
import { readonly, ref } from 'vue'

const query = matchMedia('(min-width: 1280px)')
const now = ref(query.matches)
query.addEventListener('change', (e) => (now.value = e.matches))

export const wide = readonly(now)
