import { createHmac } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axe, launch, password, picture, type Program, startIOC, tooWide, visit } from './ioc'

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

/** code is what an authenticator shows for a secret in base 32 (RFC 6238). */
function code(secret: string, at = Date.now()): string {
  const bits = [...secret.replace(/[\s=]/g, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((b) => parseInt(b, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const offset = (mac[19] as number) & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

async function signIn(page: Page, user: string): Promise<void> {
  await page.goto('/sign-in')
  await page.getByLabel('Tên đăng nhập').fill(user)
  await page.getByLabel('Mật khẩu').fill(password)
  await page.keyboard.press('Enter')
}

describe('a second factor', () => {
  it('is set up by scanning, asked for at the next sign-in, and a recovery code stands in once', async () => {
    const { page, context } = await visit(browser, ioc, { user: 'leader' })
    await page.goto('/me?tab=security')
    await page.getByRole('button', { name: 'Đặt mã 6 số' }).click()
    const dialog = page.getByRole('dialog')
    const secret = await dialog.locator('[data-secret]').innerText()
    await dialog.getByRole('img', { name: /Mã QR/ }).waitFor()
    await dialog.getByLabel('Mã 6 số').fill('000000')
    await dialog.getByRole('button', { name: 'Xác nhận' }).click()
    await dialog.getByRole('alert').waitFor()
    await picture(page, 'totp')
    expect(await axe(page)).toEqual([])
    await dialog.getByLabel('Mã 6 số').fill(code(secret))
    await dialog.getByRole('button', { name: 'Xác nhận' }).click()
    const codes = page.getByRole('list', { name: 'Mã dự phòng' })
    const recovery = (await codes.getByRole('listitem').first().innerText()).trim()
    await page.getByRole('button', { name: 'Đã cất' }).click()
    await page.getByText('đã bật').waitFor()
    await context.close()

    const again = await visit(browser, ioc, { user: null })
    await signIn(again.page, 'leader')
    await again.page.getByRole('heading', { name: 'Xác thực lớp hai' }).waitFor()
    await picture(again.page, 'second-step')
    expect(await axe(again.page)).toEqual([])
    await again.page.getByLabel(/Mã 6 số/).fill(code(secret, Date.now() + 30_000)) // the step after, as the first was used
    await again.page.getByRole('button', { name: 'Tiếp tục' }).click()
    await again.page.getByRole('link', { name: 'Tổng quan' }).waitFor()
    await again.context.close()

    const lost = await visit(browser, ioc, { user: null })
    await signIn(lost.page, 'leader')
    await lost.page.getByRole('button', { name: 'Dùng mã dự phòng' }).click()
    await lost.page.getByLabel('Mã dự phòng').fill(recovery)
    await lost.page.getByRole('button', { name: 'Tiếp tục' }).click()
    await lost.page.getByRole('link', { name: 'Tổng quan' }).waitFor()
    await lost.context.close()
  })

  it('is a passkey, with which one signs in without a password', async () => {
    // Browsers tie passkeys to names, not to addresses.
    const named = { ...ioc, url: ioc.url.replace('127.0.0.1', 'localhost') }
    const { page, context } = await visit(browser, named, { user: 'ioclead' })
    const devtools = await context.newCDPSession(page)
    await devtools.send('WebAuthn.enable')
    await devtools.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true } })
    await page.goto('/me?tab=security')
    await page.getByLabel('Tên khoá mới').fill('Máy bàn')
    await page.getByRole('button', { name: 'Thêm khoá truy cập' }).click()
    await page.getByText('Máy bàn').waitFor()
    const kept = page.getByRole('button', { name: 'Đã cất' })
    if (await kept.isVisible()) await kept.click()
    await page.goto('/')
    await page.getByRole('button', { name: 'Tài khoản' }).click()
    await page.getByRole('button', { name: 'Đăng xuất' }).click()
    await page.getByRole('button', { name: 'Đăng nhập bằng khoá truy cập' }).click()
    await page.getByRole('link', { name: 'Tổng quan' }).waitFor()
    await context.close()
  })
})

describe('my own account', () => {
  it('says who I am and what I may do, keeps leave, and ends other sessions', async () => {
    const { page, context } = await visit(browser, ioc, { user: 'duty' })
    await page.goto('/me')
    await page.getByRole('heading', { name: 'Tôi được làm gì, vì sao' }).waitFor()
    await page.getByLabel('Chức danh').fill('Trưởng ca')
    await page.getByRole('button', { name: 'Lưu' }).click()
    await page.getByText('Đã lưu hồ sơ').waitFor()
    await page.getByRole('tab', { name: 'Nghỉ và ủy quyền' }).click()
    const away = page.getByRole('form', { name: 'Nghỉ' })
    await away.getByLabel('Đến hết ngày').fill('2099-12-31')
    expect(await axe(page)).toEqual([])
    await picture(page, 'me-away')
    const other = await visit(browser, ioc, { user: 'duty' })
    await page.getByRole('tab', { name: 'Phiên đăng nhập' }).click()
    await page.getByText('phiên này').waitFor()
    await page.getByRole('button', { name: 'Kết thúc' }).first().click()
    await page.getByText('Đã kết thúc phiên').waitFor()
    expect(await axe(page)).toEqual([])
    await other.page.goto('/')
    await other.page.getByLabel('Mật khẩu').waitFor()
    await other.context.close()
    await context.close()
  })

  it('fits a phone', async () => {
    const { page, context } = await visit(browser, ioc, { user: 'duty', width: 390, height: 844, theme: 'light', lang: 'en' })
    for (const tab of ['profile', 'away', 'sessions', 'security']) {
      await page.goto(`/me?tab=${tab}`)
      await page.locator('.skeleton').first().waitFor({ state: 'detached' })
      expect(await tooWide(page)).toBe(0)
      expect(await axe(page)).toEqual([])
    }
    await context.close()
  })
})
