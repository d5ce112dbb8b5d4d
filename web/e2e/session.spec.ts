import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch, password, type Program, startIOC, visit } from './ioc'

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

describe('signing in', () => {
  it('asks who you are, says what is wrong, and keeps the address you wanted', async () => {
    const { page, context } = await visit(browser, ioc, { user: null })
    await page.goto('/map?t=')
    await page.getByRole('heading', { name: 'IOC Đà Nẵng' }).waitFor()
    await page.getByRole('button', { name: /duty/ }).click() // demo accounts are listed
    expect(await page.getByLabel('Tên đăng nhập').inputValue()).toBe('duty')
    await page.getByLabel('Mật khẩu').fill('wrong')
    await page.getByRole('button', { name: 'Đăng nhập', exact: true }).click()
    await page.getByRole('alert').waitFor()
    await page.getByLabel('Mật khẩu').fill(password)
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/map/)
    await page.getByRole('link', { name: 'Bản đồ' }).waitFor()
    await context.close()
  })

  it('forgets you when you sign out', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/')
    await page.getByRole('button', { name: 'Tài khoản' }).click()
    await page.getByRole('button', { name: 'Đăng xuất' }).click()
    await page.getByLabel('Mật khẩu').waitFor()
    await page.goto('/sources')
    await page.getByLabel('Mật khẩu').waitFor()
    expect(new URL(page.url()).searchParams.get('next')).toBe('/sources')
    await context.close()
  })

  it('shows a citizen no pages that are not for citizens', async () => {
    const { page, context } = await visit(browser, ioc, { user: 'citizen' })
    await page.goto('/people')
    await page.getByText('Tài khoản này không xem được trang').waitFor()
    expect(await page.getByRole('link', { name: 'Tổ chức' }).count()).toBe(0)
    await context.close()
  })
})

describe('language and theme', () => {
  it('change at once and stay after a reload', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/')
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByRole('link', { name: 'Overview' }).waitFor()
    await page.getByRole('button', { name: 'Light theme' }).click()
    await page.reload()
    await page.getByRole('link', { name: 'Overview' }).waitFor()
    expect(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset['theme']])).toEqual(['en', 'light'])
    await context.close()
  })
})

describe('the keyboard', () => {
  it('skips to the content and finds a ward without tones', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/')
    await page.getByRole('link', { name: 'Tổng quan' }).waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('page')
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').fill('hai chau')
    await page.getByRole('option', { name: /Phường Hải Châu/ }).first().waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/map/)
    await context.close()
  })
})
