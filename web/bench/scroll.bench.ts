// A storm on the operator's screen: 10,000 open alerts in one list, scrolled
// from end to end while the city goes on. A frame at 60 a second is 16.7 ms.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launch, password, type Program, startIOC, visit } from '../e2e/ioc'

const many = Number(process.env['IOC_BENCH_ALERTS'] ?? 10_000)
let ioc: Program
let browser: Browser
beforeAll(async () => {
  ioc = await startIOC('demo')
  browser = await launch()
})
afterAll(async () => {
  await browser?.close()
  await ioc?.stop()
})

/** storm raises alerts by hand, eight at a time. */
async function storm(n: number): Promise<void> {
  const headers = { 'Content-Type': 'application/json' }
  const session = (await (await fetch(`${ioc.url}/api/v1/session`, { method: 'POST', headers, body: JSON.stringify({ username: 'duty', password }) })).json()) as { token: string }
  let next = 0
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (next < n) {
        const i = next++
        const res = await fetch(`${ioc.url}/api/v1/alerts`, { method: 'POST', headers: { ...headers, Authorization: `Bearer ${session.token}` }, body: JSON.stringify({ title: { vi: `Cảnh báo thử ${i}`, en: `Test alert ${i}` }, service: 'flood', severity: 1 + (i % 4), unit: '20332', area: '20332' }) })
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
  const idle = await frames(false)
  const scrolled = await frames(true)
  console.log('idle    ', JSON.stringify(idle))
  console.log('scrolled', JSON.stringify(scrolled))
  expect(complaints).toEqual([])
  await context.close()

  /** frames counts what the browser draws in 10 s, scrolling by 400 px a frame or standing still. */
  function frames(scroll: boolean): Promise<Frames> {
    return page.evaluate(
      (move) =>
        new Promise<Frames>((done) => {
          const scroller = document.querySelector('table[aria-rowcount]')?.parentElement as HTMLElement
          const gaps: number[] = []
          let last = 0
          const begin = performance.now()
          let down = 1
          const step = (t: number): void => {
            if (last) gaps.push(t - last)
            last = t
            if (move) {
              scroller.scrollTop += down * 400
              if (scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 1) down = -1
              if (scroller.scrollTop <= 0) down = 1
            }
            if (performance.now() - begin < 10_000) requestAnimationFrame(step)
            else {
              gaps.sort((a, b) => a - b)
              const at = (p: number): number => Math.round(10 * (gaps[Math.min(gaps.length - 1, Math.floor(p * gaps.length))] ?? 0)) / 10
              done({ seconds: 10, rate: Math.round(gaps.length / 10), p50: at(0.5), p95: at(0.95), p99: at(0.99), worst: at(1), late: gaps.filter((g) => g > 33.4).length, n: gaps.length })
            }
          }
          requestAnimationFrame(step)
        }),
      scroll,
    )
  }
})
