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

describe('an account', () => {
  it('is made, refused with reasons first, and its owner signs in and changes the password', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/users')
    await page.getByRole('button', { name: 'Tạo tài khoản' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Tên đăng nhập').fill('Trần Trực')
    await dialog.getByLabel('Họ và tên').fill('Trần Thị Trực')
    await dialog.getByLabel('Mật khẩu đầu tiên').fill('ngắn')
    await dialog.getByRole('button', { name: 'Tạo tài khoản' }).click()
    await dialog.getByText(/ít nhất 12 ký tự/).first().waitFor()
    await dialog.getByText(/2 đến 64 ký tự/).waitFor()
    expect(await axe(page)).toEqual([])
    await dialog.getByLabel('Tên đăng nhập').fill('tran.truc')
    await dialog.getByRole('button', { name: 'Tạo ngẫu nhiên' }).click()
    const first = await dialog.getByLabel('Mật khẩu đầu tiên').inputValue()
    await picture(page, 'user-create')
    await dialog.getByRole('button', { name: 'Tạo tài khoản' }).click()
    await page.getByRole('row', { name: /tran\.truc.*chờ đổi mật khẩu/ }).waitFor()
    expect(await axe(page)).toEqual([])
    await context.close()

    const other = await visit(browser, ioc, { user: null })
    await other.page.goto('/users')
    await other.page.getByLabel('Tên đăng nhập').fill('tran.truc')
    await other.page.getByLabel('Mật khẩu').fill(first)
    await other.page.keyboard.press('Enter')
    await other.page.getByText('Mật khẩu này là tạm thời, hãy đổi ngay.').waitFor()
    await other.page.getByLabel('Mật khẩu hiện tại').fill(first)
    await other.page.getByLabel(/^Mật khẩu mới/).fill('Mua-lon-2026-qua')
    await other.page.getByLabel('Nhập lại mật khẩu mới').fill('Mua-lon-2026-qua')
    await other.page.getByRole('button', { name: 'Lưu' }).click()
    await other.page.getByText('Đã đổi mật khẩu').waitFor()
    await other.page.goto('/users') // duty may not
    await other.page.getByText('Tài khoản này không xem được trang').waitFor()
    await other.context.close()
  })

  it('is locked, and the trail says who did it', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/users')
    await page.getByRole('button', { name: 'Sửa tài khoản citizen' }).click()
    await page.getByRole('switch', { name: 'Được phép đăng nhập' }).click()
    await page.getByRole('button', { name: 'Lưu' }).click()
    await page.getByRole('row', { name: /citizen.*đã khoá/ }).waitFor()
    await expect(visit(browser, ioc, { user: 'citizen' })).rejects.toThrow(/sign in as citizen/)
    await page.getByRole('tab', { name: 'Nhật ký' }).click()
    await page.getByRole('row', { name: /citizen/ }).first().waitFor()
    expect(await axe(page)).toEqual([])
    await context.close()
  })
})
