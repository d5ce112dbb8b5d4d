// Who is signed in, where, and what the city replays.
import { computed, shallowRef } from 'vue'
import { del, get } from './api/client'
import { Problem } from './api/problem'
import type { Hello, Session } from './api/types'
import { heard } from './lib/now'
import { setZone } from './lib/when'

export const session = shallowRef<Session | null>(null)
export const hello = shallowRef<Hello | null>(null)
export const city = computed(() => session.value?.city ?? hello.value?.city ?? null)

/** sees asks for a permission of access.Permission, "source.edit", as pages ask for it: what may be looked at. */
export const sees = (permission: string): boolean => session.value?.user.permissions.includes(permission) ?? false

/** can asks as buttons do: who looks through somebody else's eyes changes nothing. */
export const can = (permission: string): boolean => sees(permission) && (!session.value?.view_as || /\.(view|export)$/.test(permission))

/** offered are the steps that the server allows; none through somebody else's eyes. */
export const offered = <Step>(steps: readonly Step[] | null | undefined): readonly Step[] => (session.value?.view_as || !steps ? [] : steps)

/** loadSession answers whether somebody is signed in. */
export async function loadSession(): Promise<boolean> {
  try {
    session.value = await get<Session>('session')
    setZone(session.value.city.timezone)
    return true
  } catch (err) {
    if (err instanceof Problem && err.status === 401) {
      session.value = null
      return false
    }
    throw err
  }
}

export async function loadHello(): Promise<void> {
  hello.value = await get<Hello>('public/hello')
  heard(hello.value.now)
  setZone(hello.value.city.timezone)
}

export async function signOut(): Promise<void> {
  await del('session')
  session.value = null
}
