// Starts the real program on free ports with a folder of its own, and a
// browser that looks at it.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

export const password = 'e2e-demo-password'
const binary = process.env['IOC_BIN'] ?? fileURLToPath(new URL('../../bin/ioc', import.meta.url))
const outDir = fileURLToPath(new URL('out/', import.meta.url))

export interface Program { url: string; mqtt: string; data: string; restart: () => Promise<void>; stop: () => Promise<void> }

/** startIOC runs `ioc demo` (or another command) until stop. */
export async function startIOC(command: 'demo' | 'serve' = 'demo', args: string[] = []): Promise<Program> {
  if (!existsSync(binary)) throw new Error(`no program at ${binary}: run make build, or set IOC_BIN`)
  const dir = mkdtempSync(join(tmpdir(), 'ioc-e2e-'))
  const ready = join(dir, 'ready.json')
  let child: ChildProcess
  let log = ''
  const program: Program = { url: '', mqtt: '', data: join(dir, 'data'), restart, stop }

  async function start(): Promise<void> {
    rmSync(ready, { force: true })
    child = spawn(binary, [command, ...(command === 'demo' ? ['--cases', '1500'] : []), '--listen', '127.0.0.1:0', '--mqtt', '127.0.0.1:0', '--data', join(dir, 'data'), '--ready-file', ready, ...args], { env: { ...process.env, IOC_DEMO_PASSWORD: password }, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout?.on('data', (d) => (log += String(d)))
    child.stderr?.on('data', (d) => (log += String(d)))
    const deadline = Date.now() + 120_000
    while (!existsSync(ready)) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`ioc did not get ready:\n${log.slice(-4000)}`)
      await new Promise((r) => setTimeout(r, 50))
    }
    const line = JSON.parse(readFileSync(ready, 'utf8')) as { http: string; mqtt: string }
    program.url = `http://${line.http}`
    program.mqtt = line.mqtt
  }
  async function end(): Promise<void> {
    if (child.exitCode !== null) {
      console.error(`ioc ended by itself (${child.exitCode}):\n${log.slice(-4000)}`)
      return
    }
    const gone = new Promise((r) => child.once('exit', r))
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
    await gone
    clearTimeout(timer)
  }
  async function restart(): Promise<void> {
    await end()
    await start()
  }
  async function stop(): Promise<void> {
    await end()
    rmSync(dir, { recursive: true, force: true })
  }
  await start()
  return program
}

/** launch opens the installed Chromium; WebGL is drawn in software. */
export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-background-networking'],
  })

export interface Look { width?: number; height?: number; theme?: 'dark' | 'light'; lang?: 'vi' | 'en'; user?: string | null }

/** Visit is a page whose complaints (console errors, broken CSP) are kept. */
export interface Visit { context: BrowserContext; page: Page; complaints: string[] }

/** visit opens a signed-in page; user null leaves it signed out. */
export async function visit(browser: Browser, ioc: Program, look: Look = {}): Promise<Visit> {
  const { width = 1440, height = 900, theme = 'dark', lang = 'vi', user = 'admin' } = look
  const context = await browser.newContext({ baseURL: ioc.url, viewport: { width, height }, reducedMotion: 'reduce' })
  context.setDefaultTimeout(45_000) // CI has two slow cores and draws WebGL on them
  await context.addInitScript(([t, l]) => {
    if (localStorage.getItem('ioc.theme') === null) localStorage.setItem('ioc.theme', t as string)
    if (localStorage.getItem('ioc.lang') === null) localStorage.setItem('ioc.lang', l as string)
  }, [theme, lang])
  if (user !== null) {
    const res = await context.request.post('/api/v1/session', { data: { username: user, password }, headers: { 'X-IOC-CSRF': '1' } })
    if (!res.ok()) throw new Error(`sign in as ${user}: ${res.status()} ${await res.text()}`)
  }
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (m) => {
    if (m.type() === 'error') complaints.push(`${m.text()} ${m.location().url}`)
  })
  page.on('pageerror', (e) => complaints.push(`${e.name}: ${e.message}`))
  return { context, page, complaints }
}

/** picture keeps a screenshot under e2e/out for the README and for looking. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(outDir, { recursive: true })
  await page.screenshot({ path: join(outDir, `${name}.png`) })
}

const axeSource = readFileSync(fileURLToPath(new URL('../node_modules/axe-core/axe.min.js', import.meta.url)), 'utf8')

/** axe returns what WCAG 2 A and AA forbid on the page, worded for a failed test. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(axeSource) // through the debugger, so the page's CSP need not allow it
  return page.evaluate(async () => {
    const run = (window as unknown as { axe: { run: (o: unknown) => Promise<{ violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[] }> } }).axe.run
    const { violations } = await run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })
    return violations.map((v) => `${v.id}: ${v.help} — ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} (${n.failureSummary?.split('\n')[1]?.trim() ?? ''})`).join(' | ')}`)
  })
}

/** tooWide is by how many px the page, or the part of it that scrolls down, scrolls sideways; 0 is right. */
export const tooWide = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const body = document.querySelector('main > .overflow-y-auto, main .h-full.overflow-y-auto')
    return Math.max(0, document.documentElement.scrollWidth - window.innerWidth, body ? body.scrollWidth - body.clientWidth : 0)
  })
