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

describe('the tree of units', () => {
  it('is searched without tones and walked with the keyboard', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/org')
    const tree = page.getByRole('tree')
    await tree.getByRole('treeitem').first().waitFor()
    await page.getByPlaceholder('Tìm đơn vị, không cần dấu').fill('hai chau')
    await tree.getByRole('treeitem', { name: /Hải Châu/ }).first().click()
    await page.getByRole('heading', { name: /Hải Châu/, level: 2 }).waitFor()
    await picture(page, 'org')
    expect(await axe(page)).toEqual([])
    await page.getByPlaceholder('Tìm đơn vị, không cần dấu').fill('')
    const selected = tree.locator('[aria-selected=true]')
    await selected.focus()
    const before = await selected.textContent()
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => selected.textContent()).not.toBe(before)
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => tree.getByRole('treeitem').first().getAttribute('aria-expanded')).toBe('false')
    await context.close()
  })

  it('shows the districts of 2024, and leads from them to the wards of today', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/org?at=2024-12-31&q=quan hai chau')
    await page.getByRole('treeitem', { name: /Quận Hải Châu/ }).click()
    await page.getByRole('region', { name: 'Đơn vị kế thừa' }).waitFor()
    await picture(page, 'org-2024')
    await page.getByRole('region', { name: 'Đơn vị kế thừa' }).getByRole('button').first().click()
    await page.waitForURL((u) => u.searchParams.get('at') !== '2024-12-31')
    await page.getByRole('region', { name: 'Đơn vị tiền thân' }).waitFor()
    await context.close()
  })

  it('takes a new unit, and gives its work to a successor when it ends', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/org')
    await page.getByRole('button', { name: 'Thêm đơn vị' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Tên đơn vị').fill('Đội thử nghiệm')
    await dialog.getByLabel('Mã', { exact: false }).first().fill('thunghiem')
    await dialog.getByRole('button', { name: 'Lưu' }).click()
    await page.getByRole('heading', { name: 'Đội thử nghiệm', level: 2 }).waitFor()
    await page.getByRole('button', { name: 'Giải thể' }).click()
    await dialog.getByPlaceholder('Tìm đơn vị, không cần dấu').fill('so y te')
    await dialog.getByPlaceholder('Tìm đơn vị, không cần dấu').press('Enter')
    await dialog.getByLabel(/Căn cứ/).fill('QĐ 1/QĐ-UBND')
    expect(await axe(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Giải thể' }).click()
    await page.getByText('Đã giải thể Đội thử nghiệm').waitFor()
    await context.close()
  })

  it('reads CSV, and names the wrong line before it writes any', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/org')
    await page.getByRole('button', { name: 'Nhập từ CSV' }).click()
    const dialog = page.getByRole('dialog')
    const head = 'code,name,name_en,kind,parent,valid_from,valid_to,successors,legal\n'
    await dialog.getByLabel('Nội dung').fill(`${head}doi1,Đội một,,office,ubnd,2026-01-01,,,QĐ 2\n,Không mã,,office,ubnd,,,,\n`)
    await dialog.getByRole('button', { name: 'Xem trước' }).click()
    await dialog.getByRole('cell', { name: '3', exact: true }).waitFor()
    expect(await dialog.getByRole('button', { name: 'Nhập vào' }).isDisabled()).toBe(true)
    expect(await axe(page)).toEqual([])
    await dialog.getByLabel('Nội dung').fill(`${head}doi1,Đội một,,office,ubnd,2026-01-01,,,QĐ 2\n`)
    await dialog.getByRole('button', { name: 'Xem trước' }).click()
    await dialog.getByRole('button', { name: 'Nhập vào' }).click()
    await page.getByText('Đã nhập: 1 mới, 0 cập nhật').waitFor()
    await context.close()
  })

  it('works on a phone', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { width: 390, height: 844, theme: 'light', lang: 'en' })
    await page.goto('/org')
    await page.getByRole('treeitem').first().waitFor()
    await picture(page, 'org-phone')
    expect(await tooWide(page)).toBe(0)
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })
})
