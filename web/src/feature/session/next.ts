import type { SecondStep } from '@/api/security'

/** safeNext is where to go after signing in: addresses of ours only, "//evil" and "https:" are not. */
export const safeNext = (next: unknown): string => (typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : '/')

const methods = ['totp', 'passkey', 'recovery'] as const

/** cameBack reads the second step that is still to come after another place has said who somebody is. */
export function cameBack(query: Record<string, unknown>): SecondStep | null {
  const ticket = query['second']
  if (typeof ticket !== 'string' || ticket === '') return null
  const said = String(query['methods'] ?? '').split(',')
  return { ticket, methods: methods.filter((m) => said.includes(m)) }
}

const demoRoles: Record<string, string> = { ioclead: 'ioc_leader', unitlead: 'unit_leader', dataadmin: 'data_admin' }
/** demoRole is the role of an account of the demo; most are named after theirs. */
export const demoRole = (account: string): string => demoRoles[account] ?? account
