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

describe('permissions', () => {
  it('stand in a table of roles', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/access')
    const table = page.getByRole('table')
    await table.getByRole('columnheader', { name: /Quản trị hệ thống/ }).waitFor()
    expect(await table.getByRole('row').count()).toBeGreaterThan(30)
    await picture(page, 'access-roles')
    expect(await axe(page)).toEqual([])
    await context.close()
  })

  it('say who may do what, and by which grant', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/access?tab=who&permission=alert.handle')
    await page.getByRole('heading', { name: /\d+ người/ }).waitFor()
    await page.getByText(/Trực ban IOC/).first().waitFor()
    await picture(page, 'access-who')
    expect(await axe(page)).toEqual([])
    await page.getByRole('tab', { name: 'Quyền đã cấp' }).click()
    await page.getByRole('heading', { name: /\d+ quyền/ }).waitFor()
    await page.getByRole('combobox', { name: 'Thời hạn' }).selectOption('30')
    await page.waitForURL(/days=30/)
    await context.close()
  })

  it('are lent to a system by a token that is shown once', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/access?tab=tokens')
    await page.getByRole('button', { name: 'Cấp mã truy cập' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(/^Tên/).fill('Cổng dịch vụ công')
    await dialog.getByRole('checkbox').first().check()
    await dialog.getByLabel(/Lý do/).fill('Kết nối cổng dịch vụ công')
    await dialog.getByRole('button', { name: 'Tạo mã' }).click()
    const token = await dialog.getByLabel('Mã truy cập').inputValue()
    expect(token.length).toBeGreaterThan(20)
    expect(await axe(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Đóng' }).last().click()
    await page.getByText('Cổng dịch vụ công').waitFor()
    expect(await page.content()).not.toContain(token)
    await page.getByRole('button', { name: 'Thu hồi mã Cổng dịch vụ công' }).click()
    await dialog.getByRole('button', { name: 'Thu hồi', exact: true }).click()
    await page.getByText('đã thu hồi', { exact: true }).waitFor()
    await context.close()
  })

  it('have a policy that changes from a day on, with its source', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/access?tab=policy')
    await page.getByLabel('Số ký tự tối thiểu').fill('14')
    await page.getByLabel(/^Căn cứ/).fill('QĐ 15/QĐ-UBND')
    await page.getByRole('button', { name: 'Lưu chính sách' }).click()
    await page.getByText('QĐ 15/QĐ-UBND').waitFor()
    await picture(page, 'access-policy')
    expect(await axe(page)).toEqual([])
    await context.close()
  })

  it('fit a phone', async () => {
    const { page, context } = await visit(browser, ioc, { width: 390, height: 844, theme: 'light', lang: 'en' })
    for (const tab of ['roles', 'who', 'grants', 'tokens', 'policy']) {
      await page.goto(`/access?tab=${tab}`)
      await page.getByRole('tabpanel').waitFor()
      await page.locator('.skeleton').first().waitFor({ state: 'detached' })
      expect(await tooWide(page)).toBe(0)
      expect(await axe(page)).toEqual([])
    }
    await context.close()
  })
})
