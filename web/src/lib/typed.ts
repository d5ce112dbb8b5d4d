// Words searched for as they are typed.
import { computed, ref, type Ref, watch, type WritableComputedRef } from 'vue'
import { onBeforeRouteLeave } from 'vue-router'

/**
 * useTyped is what stands in a search field whose words go to model, mostly
 * kept in the address: one change per pause, not per letter. What others set
 * there, "clear" or the way back, shows in the field.
 */
export function useTyped(model: Ref<string>, pause = 250): WritableComputedRef<string> {
  const text = ref(model.value)
  let sent = model.value
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(model, (v) => {
    if (v === sent) return
    clearTimeout(timer)
    text.value = sent = v
  })
  onBeforeRouteLeave(() => clearTimeout(timer)) // what is typed last must not call somebody back who has gone on
  return computed({
    get: () => text.value,
    set: (v) => {
      text.value = v
      clearTimeout(timer)
      timer = setTimeout(() => (model.value = sent = v.normalize('NFC').trim()), pause)
    },
  })
}
