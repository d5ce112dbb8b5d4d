// Who is signed in, where, and what the city replays.
import { computed, shallowRef } from 'vue'
import { del, get, post } from './api/client'
import { Problem } from './api/problem'
import type { SecondStep } from './api/security'
import type { Hello, Session, SignedIn } from './api/types'
import { heard } from './lib/now'
import { setZone } from './lib/when'

export const session = shallowRef<Session | null>(null)
export const hello = shallowRef<Hello | null>(null)
export const city = computed(() => session.value?.city ?? hello.value?.city ?? null)

/** can asks for a permission of access.Permission, "source.edit". */
export const can = (permission: string): boolean => session.value?.user.permissions.includes(permission) ?? false

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

/** signIn answers the second step where the account has one. */
export async function signIn(username: string, password: string): Promise<SecondStep | null> {
  const { second } = await post<SignedIn>('session', { username, password })
  if (second) return second
  await loadSession()
  return null
}

export async function signOut(): Promise<void> {
  await del('session')
  session.value = null
}

export const changePassword = (old: string, next: string): Promise<void> => post('me/password', { old, new: next })
