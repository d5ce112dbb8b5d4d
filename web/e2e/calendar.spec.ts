import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axe, launch, picture, type Program, startIOC, tooWide, visit } from './ioc'

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

describe('the working calendar', () => {
  it('shows a year at a glance: holidays, days in lieu, working Saturdays, what is not sure', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/calendar?year=2026')
    await page.getByRole('button', { name: /^17\/02\/2026 · Nghỉ lễ/ }).waitFor()
    await page.getByRole('button', { name: /^10\/01\/2026 · Làm bù/ }).waitFor()
    await page.getByRole('button', { name: /^27\/04\/2026 · Nghỉ bù/ }).waitFor()
    await page.getByRole('button', { name: /^24\/11\/2026 .*Chưa xác nhận/ }).waitFor()
    await page.getByRole('region', { name: 'Các ngày đặc biệt năm 2026' }).first().getByText(/Làm bù/).first().waitFor()
    await picture(page, 'calendar')
    expect(await axe(page)).toEqual([])
    const day = page.getByRole('button', { name: /^17\/02\/2026/ })
    await day.focus()
    await page.keyboard.press('ArrowRight')
    expect(await page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset['date'])).toBe('2026-02-18')
    await context.close()
  })

  // Vectors of the notes on administrative procedures.
  it.each([
    ['2026-02-12T09:00', '5', '26/02'],
    ['2026-01-08T10:00', '2', '10/01'],
    ['2026-04-28T08:00', '3', '05/05'],
  ])('computes what was received %s with %s days', async (received, n, due) => {
    const { page, context } = await visit(browser, ioc)
    await page.goto(`/calendar?year=2026&received=${received}&n=${n}`)
    const panel = page.getByRole('region', { name: 'Tính hạn' })
    await panel.getByText('Hạn tính theo ngày').waitFor()
    expect(await panel.locator('dd').filter({ hasText: due }).count()).toBeGreaterThan(0)
    expect(await panel.getByRole('listitem').count()).toBeGreaterThan(1)
    await context.close()
  })

  it('is changed by a day with its source, and offers a file', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/calendar?year=2026')
    await page.getByRole('button', { name: /^24\/11\/2026/ }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('combobox', { name: 'Loại ngày' }).selectOption('holiday')
    await dialog.getByRole('combobox', { name: 'Tình trạng' }).selectOption('confirmed')
    await dialog.getByLabel(/^Căn cứ/).fill('Nghị quyết của Quốc hội')
    expect(await axe(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Lưu' }).click()
    await page.getByRole('button', { name: /^24\/11\/2026 · Nghỉ lễ.*Nghị quyết của Quốc hội/ }).waitFor()
    const file = await context.request.get('/api/v1/calendar.ics?year=2026')
    expect(await file.text()).toMatch(/^BEGIN:VCALENDAR/)
    await context.close()
  })

  it('works on a phone, and only shows to those who may not change it', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { width: 390, height: 844, theme: 'light', lang: 'en', user: 'duty' })
    await page.goto('/calendar?year=2026')
    await page.getByRole('button', { name: /^10\/01\/2026/ }).click()
    expect(await page.getByRole('dialog').getByRole('button', { name: 'Save' }).count()).toBe(0)
    await page.keyboard.press('Escape')
    await picture(page, 'calendar-phone')
    expect(await tooWide(page)).toBe(0)
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })
})
