// The shapes of signing in and of one's own account.
import { post } from './client'
import type { Away, Grant, SecondFactor } from './people'

export interface Provider { id: string; name: string }
export interface SecondStep { ticket: string; methods: ('totp' | 'passkey' | 'recovery')[] }
export interface Passkey { id: string; name: string; created: string; last_used: string | null }
export interface MySecurity { second_factor: SecondFactor; totp: boolean; passkeys: Passkey[] | null; recovery_left: number; must_enrol: boolean }
export interface TotpOffer { secret: string; uri: string; svg: string }
export interface MyAccount { id: string; username: string; name: string; title: string; email: string; phone: string; role: string; roles: string[] | null; unit: string; unit_name: string; external: boolean; second_factor: SecondFactor; away: Away | null; posts: Grant[] | null; last_sign_in?: string | null }
export interface Colleague { id: string; name: string; title: string; unit: string; unit_name: string }

export const changePassword = (old: string, next: string): Promise<void> => post('me/password', { old, new: next })
