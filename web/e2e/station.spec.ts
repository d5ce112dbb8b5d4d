import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axe, launch, picture, type Program, startIOC, visit } from './ioc'

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

describe('rain and flood', () => {
  it('sorts, filters without tones, and keeps the view in the address', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/flood')
    const first = page.locator('tbody tr[data-key]').first()
    await first.waitFor()
    await page.getByRole('button', { name: '1 giờ', exact: true }).click()
    expect(new URL(page.url()).searchParams.get('sort')).toBe('-h1')
    await page.getByRole('searchbox', { name: 'Tìm trạm' }).fill('suoi da')
    await expect.poll(() => page.locator('tbody tr[data-key]').count()).toBe(1)
    await page.reload()
    await first.waitFor()
    expect(await first.textContent()).toContain('Suối Đá')
    await first.click()
    await page.waitForURL(/\/stations\//)
    await page.getByRole('heading', { name: 'Suối Đá' }).waitFor()
    await context.close()
  })

  it.each(['rivers', 'towers', 'reservoirs', 'units'])('%s can be reached by everybody', async (tab) => {
    const { page, context, complaints } = await visit(browser, ioc, tab === 'units' ? { theme: 'light' } : {})
    await page.goto(`/flood?tab=${tab}`)
    await page.getByRole('tabpanel').waitFor()
    await page.locator('.skeleton').first().waitFor({ state: 'detached' })
    await picture(page, `flood-${tab}`)
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('a station', () => {
  it('shows any range, says what is reconstructed, and keeps the original time', async () => {
    const { page, context, complaints } = await visit(browser, ioc)
    await page.goto('/stations/river-ai-nghia')
    await page.getByRole('button', { name: '7 ngày' }).click()
    await page.locator('canvas').first().waitFor()
    expect(new URL(page.url()).searchParams.get('range')).toBe('7d')
    await page.getByText('tái dựng').first().waitFor()
    await page.getByRole('columnheader', { name: 'Thời gian gốc' }).waitFor()
    expect(await page.getByRole('list', { name: 'Cờ chất lượng' }).textContent()).toContain('ước tính')
    await picture(page, 'station')
    expect(await axe(page)).toEqual([])
    await page.getByRole('tab', { name: 'Thông tin' }).click()
    await page.getByText('BĐ3').first().waitFor()
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })

  it('is corrected, and the correction taken back', async () => {
    const { page, context } = await visit(browser, ioc, { user: 'duty' })
    await page.goto('/stations/river-ai-nghia')
    const row = page.getByRole('region', { name: 'Bảng số liệu' }).locator('tbody tr[data-key]').nth(3)
    const before = await row.getByRole('cell').nth(2).textContent()
    await row.getByRole('button', { name: /Hiệu chỉnh số đo/ }).click()
    await page.getByRole('button', { name: 'Ghi hiệu chỉnh' }).click()
    await page.getByText('Cần một số').waitFor() // nothing was given yet
    await page.getByText('Cần lý do').waitFor()
    await page.getByRole('textbox', { name: 'Giá trị đúng' }).fill('7,77')
    await page.getByLabel('Lý do').fill('Cảm biến bị rác che')
    expect(await axe(page)).toEqual([])
    await picture(page, 'correction')
    await page.getByRole('button', { name: 'Ghi hiệu chỉnh' }).click()
    await expect.poll(() => row.getByRole('cell').nth(1).textContent()).toContain('7,77')
    expect(await row.getByRole('cell').nth(2).textContent()).toBe(before) // what was stored stays
    expect(await row.textContent()).toContain('đã hiệu chỉnh')
    await page.getByRole('tab', { name: 'Hiệu chỉnh' }).click()
    await page.getByText('Cảm biến bị rác che').waitFor()
    await page.getByRole('button', { name: 'Thu hồi' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Thu hồi' }).click()
    await page.getByText('Chưa có hiệu chỉnh nào').waitFor()
    await page.getByRole('tab', { name: 'Bảng số liệu' }).click()
    await expect.poll(() => row.getByRole('cell').nth(1).textContent()).not.toContain('7,77')
    await context.close()
  })

  it('exports what is shown', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/stations/river-ai-nghia')
    await page.getByRole('button', { name: 'Xuất số liệu' }).click()
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: /CSV/ }).last().click()
    expect((await download).suggestedFilename()).toMatch(/^ioc-\d+-\d+\.csv$/)
    await context.close()
  })

  it('offers a citizen neither raw table nor corrections', async () => {
    const { page, context } = await visit(browser, ioc, { user: 'citizen' })
    await page.goto('/stations/river-ai-nghia')
    await page.locator('canvas').first().waitFor()
    expect(await page.getByRole('tab', { name: 'Bảng số liệu' }).count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Hiệu chỉnh' }).count()).toBe(0)
    await context.close()
  })
})
