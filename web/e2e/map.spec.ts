import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch, picture, type Program, startIOC, visit } from './ioc'

let ioc: Program
let browser: Browser
beforeAll(async () => {
  ioc = await startIOC()
  browser = await launch()
})
afterAll(async () => {
  await browser?.close()
  await ioc?.stop()
})

describe('the map', () => {
  it('chooses the same object in the list and on the map, and keeps it in the address', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/map')
    await page.locator('[data-ready]').waitFor()
    const row = page.locator('tbody tr[data-key]').first()
    await row.click()
    const name = await page.getByRole('article').getAttribute('aria-label')
    expect(await row.getAttribute('aria-selected')).toBe('true')
    expect(new URL(page.url()).searchParams.get('sel')).toContain(':')
    await page.reload()
    expect(await page.getByRole('article').first().getAttribute('aria-label')).toBe(name)
    await context.close()
  })

  it('filters without tones, and goes back in time', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/map?list=rain')
    await page.locator('tbody tr[data-key]').first().waitFor()
    await page.getByRole('searchbox', { name: 'Lọc theo tên, không cần dấu' }).fill('dong')
    await expect.poll(() => page.locator('tbody tr[data-key]').count()).toBeLessThan(40)
    expect(await page.locator('tbody tr[data-key]').count()).toBeGreaterThan(0)
    const asked = page.waitForRequest((r) => r.url().includes('/layers/rain?at='))
    await page.getByRole('slider', { name: 'Thời điểm xem' }).press('ArrowLeft')
    await asked
    await page.getByRole('button', { name: 'Về hiện tại' }).click()
    await expect.poll(() => new URL(page.url()).searchParams.has('t')).toBe(false)
    await context.close()
  })

  it('shows wards as coloured areas, asked for by a link to a ward', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/map?unit=20242')
    await page.getByRole('article', { name: 'Hải Châu' }).waitFor()
    await page.locator('[data-ready]').waitFor()
    await picture(page, 'map-ward')
    await context.close()
  })

  it('really draws: the picture is not one colour', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/map')
    await page.locator('[data-ready]').waitFor()
    await page.locator('tbody tr[data-key]').first().waitFor()
    await expect.poll(async () => {
      const shot = await page.locator('canvas.maplibregl-canvas').screenshot()
      return shot.length // a flat PNG of this size stays under 20 kB
    }, { timeout: 20_000 }).toBeGreaterThan(30_000)
    await context.close()
  })
})
