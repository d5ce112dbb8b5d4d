// Whether the screen is as narrow as a phone's: lists become cards then.
import { readonly, ref, type Ref } from 'vue'

const query = matchMedia('(max-width: 767px)')
const narrow = ref(query.matches)
query.addEventListener('change', (e) => (narrow.value = e.matches))

export const usePhone = (): Readonly<Ref<boolean>> => readonly(narrow)
