// A storm on the operator's screen: 10,000 open alerts in one list, scrolled
// from end to end while the city goes on. A frame at 60 a second is 16.7 ms.
import { writeFileSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { password, type Program, startIOC, visit } from '../e2e/ioc'

const many = Number(process.env['IOC_BENCH_ALERTS'] ?? 10_000)
let ioc: Program
let browser: Browser
beforeAll(async () => {
  ioc = await startIOC('demo')
  // Without a graphics card: drawn by the processor straight away, not through an emulated card.
  browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
})
afterAll(async () => {
  await browser?.close()
  await ioc?.stop()
})

const json = { 'Content-Type': 'application/json' }
async function enter(username: string): Promise<Record<string, string>> {
  const session = (await (await fetch(`${ioc.url}/api/v1/session`, { method: 'POST', headers: json, body: JSON.stringify({ username, password }) })).json()) as { token: string }
  return { ...json, Authorization: `Bearer ${session.token}` }
}

/** storm raises alerts by hand, eight at a time; each is a group of its own, so that each is a row. */
async function storm(n: number): Promise<void> {
  const headers = await enter('duty')
  const lead = await enter('ioclead')
  const settings = (await (await fetch(`${ioc.url}/api/v1/alerts/settings`, { headers: lead })).json()) as { grouping: { by: string[] } }
  const put = await fetch(`${ioc.url}/api/v1/alerts/settings`, { method: 'PUT', headers: lead, body: JSON.stringify({ ...settings, grouping: { ...settings.grouping, by: ['thing'] } }) })
  if (!put.ok) throw new Error(await put.text())
  let next = 0
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (next < n) {
        const i = next++
        const res = await fetch(`${ioc.url}/api/v1/alerts`, { method: 'POST', headers, body: JSON.stringify({ title: { vi: `Cảnh báo thử ${i}`, en: `Test alert ${i}` }, service: 'flood', thing: `bench-${i}`, severity: 1 + (i % 4), unit: '20332', area: '20332' }) })
        if (!res.ok) throw new Error(`${res.status} ${await res.text()}`)
        await res.arrayBuffer()
      }
    }),
  )
}

interface Frames { seconds: number; rate: number; p50: number; p95: number; p99: number; worst: number; late: number; n: number }

it(`${many} alerts are scrolled`, async () => {
  const began = Date.now()
  await storm(many)
  console.log(`${many} alerts raised in ${((Date.now() - began) / 1000).toFixed(0)} s`)
  const { page, context, complaints } = await visit(browser, ioc, { user: 'duty' })
  const opened = Date.now()
  await page.goto('/alerts')
  const box = page.locator('table[aria-rowcount]').first()
  await box.waitFor()
  await expect.poll(async () => Number(await box.getAttribute('aria-rowcount')), { timeout: 60_000 }).toBeGreaterThan(0.9 * Math.min(many, 10_000))
  console.log(`list there after ${Date.now() - opened} ms, ${await box.getAttribute('aria-rowcount')} rows`)
  await page.waitForTimeout(3000)
  const idle = await frames(0)
  const cdp = await context.newCDPSession(page)
  await cdp.send('Performance.enable')
  const cost = async (): Promise<Record<string, number>> => Object.fromEntries((await cdp.send('Performance.getMetrics')).metrics.map((m) => [m.name, m.value]))
  // A finger on the wheel, a fast one, and a drag of the bar.
  for (const px of [40, 100, 400]) {
    const before = await cost()
    const seen = await frames(px)
    const after = await cost()
    const spent = Object.fromEntries(['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration', 'TaskDuration'].map((k) => [k, Math.round((10_000 * ((after[k] ?? 0) - (before[k] ?? 0))) / seen.n) / 10]))
    console.log(`${px} px a frame`, JSON.stringify(seen), 'main thread, ms a frame', JSON.stringify(spent))
  }
  if (process.env['IOC_BENCH_PROFILE']) {
    await browser.startTracing(page, { path: `${process.env['IOC_BENCH_PROFILE']}.trace`, categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'cc', 'viz', 'gpu', 'blink'] })
    await frames(100)
    await browser.stopTracing()
    await cdp.send('Profiler.enable')
    await cdp.send('Profiler.start')
    await frames(400)
    writeFileSync(process.env['IOC_BENCH_PROFILE'], JSON.stringify((await cdp.send('Profiler.stop')).profile))
  }
  console.log('idle    ', JSON.stringify(idle))
  expect(complaints).toEqual([])
  // What this browser on this machine can draw at all: plain rows, nothing else going on.
  await page.goto('about:blank')
  await page.setContent(`<body style="margin:0;background:#0b1220;color:#eee;font:14px sans-serif"><div style="height:700px;overflow:auto"><table aria-rowcount="3000" style="width:100%"><tbody>${Array.from({ length: 3000 }, (_, i) => `<tr><td style="height:48px;border-bottom:1px solid #333">${i}</td><td>Cảnh báo thử ${i}</td><td>Xã Hòa Vang</td></tr>`).join('')}</tbody></table></div></body>`)
  console.log('plain   ', JSON.stringify(await frames(100)))
  await context.close()

  /** frames counts what the browser draws in 10 s, scrolling by so many px a frame, or standing still. */
  function frames(px: number): Promise<Frames> {
    return page.evaluate(
      (move) =>
        new Promise<Frames>((done) => {
          const scroller = document.querySelector('table[aria-rowcount]')?.parentElement as HTMLElement
          const gaps: number[] = []
          let last = 0
          const begin = performance.now()
          const end = scroller.scrollHeight - scroller.clientHeight // asked once: asking makes the browser lay out
          let down = 1
          let at = 0
          const step = (t: number): void => {
            if (last) gaps.push(t - last)
            last = t
            if (move) {
              at += down * move
              if (at >= end) down = -1
              if (at <= 0) down = 1
              scroller.scrollTop = at
            }
            if (performance.now() - begin < 10_000) requestAnimationFrame(step)
            else {
              gaps.sort((a, b) => a - b)
              const part = (p: number): number => Math.round(10 * (gaps[Math.min(gaps.length - 1, Math.floor(p * gaps.length))] ?? 0)) / 10
              done({ seconds: 10, rate: Math.round(gaps.length / 10), p50: part(0.5), p95: part(0.95), p99: part(0.99), worst: part(1), late: gaps.filter((g) => g > 33.4).length, n: gaps.length })
            }
          }
          requestAnimationFrame(step)
        }),
      px,
    )
  }
})
