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
/** getText is for answers that are no JSON: Markdown, YAML. */
export const getText = (path: string, params?: Params, signal?: AbortSignal): Promise<string> => call<string>('GET', path, params, undefined, signal)
export const post = <T>(path: string, body?: unknown): Promise<T> => call<T>('POST', path, undefined, body)
export const patch = <T>(path: string, body: unknown): Promise<T> => call<T>('PATCH', path, undefined, body)
export const put = <T>(path: string, body: unknown): Promise<T> => call<T>('PUT', path, undefined, body)
/** postText sends a body that is no JSON, as it stands. */
export const postText = <T>(path: string, text: string, type: string): Promise<T> => call<T>('POST', path, undefined, new Blob([text], { type }))
export const del = <T = void>(path: string, body?: unknown): Promise<T> => call<T>('DELETE', path, undefined, body)

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
  const raw = body instanceof Blob
  if (body !== undefined) headers['Content-Type'] = raw ? body.type : 'application/json'
  let res: Response
  try {
    res = await fetch(address(path, params), { method, headers, credentials: 'same-origin', ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }), ...(signal ? { signal } : {}) })
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
  if (res.headers.get('Content-Type')?.startsWith('text/')) return text as T
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/**
 * upload sends a file as it is; onProgress hears the share that has gone, 0…1.
 * It goes by XMLHttpRequest because fetch cannot tell how far it is.
 */
export function upload<T>(path: string, file: File, params: Params = {}, onProgress?: (share: number) => void, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    xhr.open('POST', address(path, params))
    xhr.setRequestHeader('Accept', 'application/json')
    xhr.setRequestHeader('Accept-Language', currentLang())
    xhr.setRequestHeader('X-IOC-CSRF', '1')
    xhr.setRequestHeader('Content-Type', file.type || 'application/octet-stream')
    xhr.upload.onprogress = (e) => e.lengthComputable && onProgress?.(e.loaded / e.total)
    xhr.onerror = () => reject(new Problem(0, 'network', ''))
    xhr.onabort = () => reject(new DOMException('aborted', 'AbortError'))
    xhr.onload = () => {
      if (xhr.status >= 200 && xhr.status < 300) {
        try {
          resolve(JSON.parse(xhr.responseText) as T)
        } catch {
          reject(new Problem(xhr.status, 'http.unreadable', ''))
        }
        return
      }
      if (xhr.status === 401) onSignedOut?.()
      void problemOf(new Response(xhr.responseText, { status: xhr.status })).then(reject)
    }
    signal?.addEventListener('abort', () => xhr.abort())
    xhr.send(file)
  })
}
