import { afterEach, expect, it } from 'vitest'
import type { Session } from './api/types'
import { can, offered, sees, session } from './session'

const signedIn = (permissions: string[], viewAs = false): Session =>
  ({ user: { permissions }, view_as: viewAs ? { name: 'An', unit: '', unit_name: '', role: 'duty', by_name: 'Bình' } : null }) as unknown as Session
afterEach(() => (session.value = null))

it('asks nobody in who is not signed in', () => expect([sees('case.view'), can('case.view')]).toEqual([false, false]))

it('lets a person do what the grants say', () => {
  session.value = signedIn(['case.view', 'case.connect'])
  expect([can('case.view'), can('case.connect'), can('unit.edit'), offered(['close'])]).toEqual([true, true, false, ['close']])
})

it('shows pages through somebody else\'s eyes, and offers nothing that changes anything', () => {
  session.value = signedIn(['case.view', 'data.export', 'case.connect', 'session.view_as'], true)
  expect(['case.view', 'data.export', 'case.connect'].map(sees)).toEqual([true, true, true])
  expect(['case.view', 'data.export', 'case.connect', 'session.view_as'].map(can)).toEqual([true, true, false, false])
  expect(offered(['close'])).toEqual([])
})
