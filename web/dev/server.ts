// A Vite middleware that answers the API with invented but plausible data,
// so that the interface can be worked on without an ioc. Never in the build.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Plugin } from 'vite'
import * as mock from './mock.ts'
import * as admin from './mock-admin.ts'
import * as alert from './mock-alert.ts'
import * as duty from './mock-duty.ts'
import * as incident from './mock-incident.ts'
import * as notify from './mock-notify.ts'
import * as rule from './mock-rule.ts'

type Answer = (url: URL, match: string[], body: unknown) => unknown

const routes: [string, RegExp, Answer][] = [...mock.routes, ...admin.routes, ...alert.routes, ...duty.routes, ...notify.routes, ...rule.routes, ...incident.routes].map(([spec, f]) => {
  const [method = 'GET', path = ''] = spec.split(' ')
  return [method, new RegExp(`^${path.replaceAll(/:\w+/g, '([^/]+)')}$`), f]
})

let signedIn = true

async function read(req: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const part of req) text += String(part)
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function send(res: ServerResponse, status: number, body: unknown): void {
  res.statusCode = status
  res.setHeader('Content-Type', status >= 400 ? 'application/problem+json' : 'application/json')
  res.end(body === undefined ? '' : JSON.stringify(body))
}

function live(url: URL, res: ServerResponse): void {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  let seq = 1
  const topics = (url.searchParams.get('topics') ?? '').split(',')
  const emit = (event: string, topic: string, data: unknown): void => {
    res.write(`id: mock-${seq}\nevent: ${event}\ndata: ${JSON.stringify({ topic, seq: seq++, data })}\n\n`)
  }
  for (const t of topics) emit('snapshot', t, {})
  const timer = setInterval(() => {
    for (const t of topics) emit('delta', t, t === 'observations' ? mock.delta() : t === 'alerts' ? alert.delta() : t === 'presence' ? alert.presence() : { changed: true })
  }, 3000)
  res.on('close', () => clearInterval(timer))
}

export function mockServer(): Plugin {
  return {
    name: 'mock-api',
    apply: 'serve',
    configureServer(server) {
      server.middlewares.use((req, res, next) => {
        const url = new URL(req.url ?? '/', 'http://mock')
        const path = url.pathname
        if (path === '/live') return live(url, res)
        if (path === '/api/v1/session' && req.method === 'DELETE') {
          signedIn = false
          return send(res, 204, undefined)
        }
        if (path === '/api/v1/session' && req.method === 'GET' && !signedIn) return send(res, 401, { status: 401, code: 'access.sign_in', detail: 'cần đăng nhập' })
        for (const [method, pattern, answer] of routes) {
          const match = req.method === method && pattern.exec(path)
          if (!match) continue
          void read(req).then((body) => {
            if (path === '/api/v1/session' && method === 'POST') {
              if ((body as { password?: string }).password !== 'demo') return send(res, 401, { status: 401, code: 'identity.wrong', detail: 'Sai tên đăng nhập hoặc mật khẩu' })
              signedIn = true
            }
            const out = answer(url, match.slice(1).map(decodeURIComponent), body)
            const odd = (out ?? {}) as { problem?: { status: number }; raw?: string; type?: string }
            if (odd.problem?.status) return send(res, odd.problem.status, odd.problem)
            if (odd.raw !== undefined && odd.type) {
              res.setHeader('Content-Type', odd.type)
              return res.end(odd.raw)
            }
            if (out instanceof alert.Fault) return send(res, out.status, out)
            return send(res, out === null ? 404 : 200, out === null ? { status: 404, code: 'mock.none', detail: 'không có' } : out)
          })
          return
        }
        if (path.startsWith('/api/') || path.startsWith('/map/')) {
          if (path.startsWith('/map/glyphs') || path.startsWith('/map/data') || path.startsWith('/map/style') || path.startsWith('/api/')) return send(res, 404, { status: 404, code: 'mock.none', detail: `bản giả lập không có ${path}` })
        }
        next()
      })
    },
  }
}
