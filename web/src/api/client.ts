// The one door to the API. Paths are relative to /api/v1; those that begin
// with a slash (/sta/v1.1/…) stand for themselves.
import { currentLang } from '@/i18n'
import { Problem, problemOf } from './problem'

export type Params = Record<string, string | number | boolean | null | undefined>

let onSignedOut: (() => void) | undefined

/** whenSignedOut sets what happens when the server no longer knows us. */
export function whenSignedOut(f: () => void): void {
  onSignedOut = f
}

export const get = <T>(path: string, params?: Params, signal?: AbortSignal): Promise<T> => call<T>('GET', path, params, undefined, signal)
export const post = <T>(path: string, body?: unknown): Promise<T> => call<T>('POST', path, undefined, body)
export const patch = <T>(path: string, body: unknown): Promise<T> => call<T>('PATCH', path, undefined, body)
export const del = <T = void>(path: string): Promise<T> => call<T>('DELETE', path)

/** address is the URL of a path, for links and downloads. */
export function address(path: string, params?: Params): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(params ?? {})) {
    if (value !== undefined && value !== null && value !== '') query.set(key, String(value))
  }
  const text = query.toString()
  return `${path.startsWith('/') ? '' : '/api/v1/'}${path}${text ? `?${text}` : ''}`
}

async function call<T>(method: string, path: string, params?: Params, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': currentLang() }
  if (method !== 'GET') headers['X-IOC-CSRF'] = '1'
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  let res: Response
  try {
    res = await fetch(address(path, params), { method, headers, credentials: 'same-origin', ...(body === undefined ? {} : { body: JSON.stringify(body) }), ...(signal ? { signal } : {}) })
  } catch (err) {
    if (err instanceof DOMException && err.name === 'AbortError') throw err
    throw new Problem(0, 'network', '')
  }
  if (!res.ok) {
    if (res.status === 401 && path !== 'session') onSignedOut?.()
    throw await problemOf(res)
  }
  if (res.status === 204 || res.headers.get('Content-Length') === '0') return undefined as T
  const text = await res.text()
  return (text === '' ? undefined : JSON.parse(text)) as T
}
