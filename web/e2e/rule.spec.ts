// A rule from the form to force: written, checked, tried on what is stored,
// approved by somebody else, and asked why it did not fire.
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

describe('a rule', () => {
  it('is written with the form, approved by another person, tried on stored data and explained', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { user: 'duty' })
    await page.goto('/rules')
    await page.getByRole('row', { name: /Ngập đường tại tháp báo ngập/ }).waitFor()
    await picture(page, 'rules')
    expect(await axe(page)).toEqual([])
    await page.getByRole('link', { name: 'Quy tắc mới' }).click()
    await page.getByText('Điền điều kiện và ngưỡng').waitFor() // an empty form is not "0 stations"
    await page.getByLabel('Tên quy tắc').fill('Ngập sâu thử')
    const raise = page.getByRole('textbox', { name: /^Cảnh báo: / }).first()
    await raise.fill('0,4')
    await raise.press('Tab')
    await page.getByText('Quy tắc hợp lệ').waitFor()
    await page.getByText(/Chọn [1-9]\d* trạm/).waitFor()
    await picture(page, 'rule-new')
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: 'Lưu nháp' }).click()
    await page.getByRole('button', { name: 'Gửi duyệt' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Gửi duyệt' }).click()
    await page.getByText(/Bạn là người soạn nên cần người khác duyệt/).waitFor()
    const path = new URL(page.url()).pathname

    const other = await visit(browser, ioc, { user: 'ioclead' })
    await other.page.goto(path)
    await other.page.getByRole('button', { name: 'Duyệt, cho chạy' }).click()
    expect(await axe(other.page)).toEqual([])
    await other.page.getByRole('dialog').getByRole('button', { name: 'Duyệt, cho chạy' }).click()
    await other.page.getByText('Bản 1 đang có hiệu lực').waitFor()
    expect(other.complaints).toEqual([])
    await other.context.close()

    await page.reload()
    await page.getByText('Bản 1 đang có hiệu lực').waitFor()
    await raise.fill('0,6')
    await raise.press('Tab')
    await page.getByRole('button', { name: 'Lưu nháp' }).click()
    await page.getByText('Bản nháp 2, chưa gửi duyệt').waitFor()
    await page.getByRole('tab', { name: 'Chạy thử trên số liệu cũ' }).click()
    await page.getByRole('button', { name: 'Chạy thử' }).click()
    await page.getByText('So với bản đang chạy').waitFor() // what it does beside the version in force
    await page.getByText('Theo ngày').waitFor()
    await picture(page, 'rule-backtest')
    expect(await axe(page)).toEqual([])

    await page.getByRole('tab', { name: 'Vì sao?' }).click()
    const station = page.getByRole('combobox', { name: 'Trạm' })
    await station.fill((await page.locator('#why-stations option').first().getAttribute('value')) ?? '')
    await page.getByRole('button', { name: 'Xem', exact: true }).click()
    await page.getByText(/Dùng \d+ trên \d+ số đo|Không có số đo/).waitFor()
    await picture(page, 'rule-why')
    expect(await axe(page)).toEqual([])
    await page.getByRole('tab', { name: 'Phiên bản' }).click()
    await page.getByRole('cell', { name: '>= 0.6' }).waitFor()
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })

  it('goes out as a file and comes back; a broken file says where and is not taken', async () => {
    const { page, context } = await visit(browser, ioc, { user: 'duty' })
    const yaml = await (await context.request.get('/api/v1/rules/export')).text()
    const file = (text: string): { name: string; mimeType: string; buffer: Buffer } => ({ name: 'rules.yaml', mimeType: 'application/yaml', buffer: Buffer.from(text) })
    await page.goto('/rules')
    await page.getByRole('button', { name: 'Nhập YAML' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.locator('input[type=file]').setInputFiles(file(yaml.replace("raise: '> 1800'", 'raise: nhiều')))
    await dialog.getByRole('button', { name: 'Nhập YAML' }).click()
    await dialog.getByText(/^Dòng \d+$/).first().waitFor()
    await picture(page, 'rule-import')
    expect(await axe(page)).toEqual([])
    await dialog.locator('input[type=file]').setInputFiles(file(yaml))
    await dialog.getByRole('button', { name: 'Nhập YAML' }).click()
    await dialog.getByText('Không đổi').waitFor()
    await context.close()
  })

  it('can be read on a phone', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { width: 390, height: 844, theme: 'light', lang: 'en', user: 'ioclead' })
    for (const [path, shown] of [['/rules', 'What becomes an alert'], ['/rules/street-flood', 'What it watches'], ['/rules/street-flood?tab=versions', 'Version 1'], ['/rules/street-flood?tab=runbook', 'English.']] as const) {
      await page.goto(path)
      await page.getByText(shown, { exact: false }).first().waitFor()
      await page.locator('main .skeleton').first().waitFor({ state: 'detached' })
      expect(await axe(page), path).toEqual([])
      expect(await tooWide(page), path).toBe(0)
      if (path === '/rules/street-flood') await picture(page, 'rule-phone')
    }
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('link', { name: 'Duty' }).click()
    await page.getByRole('heading', { name: 'Duty', exact: true }).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })
})
