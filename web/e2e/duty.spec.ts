// The watch: the book with its corrections, the roster, the hand-over; and the
// ways by which people hear.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
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

describe('the duty book', () => {
  it('takes an entry by the keyboard, keeps what was corrected, and goes to the next shift', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { user: 'duty' })
    await page.goto('/duty?tab=log')
    await page.getByLabel('Nội dung', { exact: true }).fill('Xã Hòa Tiến báo nước tràn đường')
    await page.getByRole('button', { name: 'Ghi', exact: true }).click()
    await page.getByText('Ghi rõ nguồn tin').waitFor()
    await page.getByLabel('Nguồn tin').fill('Điện thoại')
    await page.getByLabel('Kết quả').press('Enter')
    const entry = page.getByRole('row', { name: /Xã Hòa Tiến báo nước tràn đường/ })
    await entry.waitFor()
    await entry.hover()
    await entry.getByRole('button', { name: /Đính chính mục/ }).click()
    await page.getByLabel('Nội dung', { exact: true }).fill('Xã Hòa Tiến báo nước tràn đường ĐT605')
    await page.getByRole('button', { name: 'Ghi', exact: true }).click()
    await page.getByText(/Đã đính chính ở mục/).waitFor()
    await picture(page, 'duty-log')
    expect(await axe(page)).toEqual([])

    await page.getByRole('tab', { name: 'Đang trực' }).click()
    await page.getByRole('button', { name: 'Bàn giao ca' }).click()
    await page.getByRole('dialog').getByLabel('Nội dung bàn giao').fill('Theo dõi sông Vu Gia')
    expect(await axe(page)).toEqual([])
    await page.getByRole('dialog').getByRole('button', { name: 'Bàn giao ca' }).click()
    await page.getByText('Bàn giao ca chờ nhận').waitFor()
    const next = await visit(browser, ioc, { user: 'ioclead' })
    await next.page.goto('/duty')
    await next.page.getByRole('button', { name: 'Nhận ca' }).click()
    await next.page.getByRole('dialog').getByRole('button', { name: 'Nhận ca' }).click()
    await next.page.getByRole('region', { name: 'Các lần bàn giao' }).getByText('Theo dõi sông Vu Gia').waitFor()
    await next.page.getByText('Bàn giao ca chờ nhận').waitFor({ state: 'detached' })
    await picture(next.page, 'duty')
    expect(await axe(next.page)).toEqual([])
    expect([...complaints, ...next.complaints]).toEqual([])
    await next.context.close()
    await context.close()
  })

  it('has a roster that is planned by a pattern, a substitute, and an answer to "who would be told"', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { user: 'ioclead' })
    const day = new Date(Date.now() + 60 * 86_400_000).toISOString().slice(0, 10) // after what the demo has planned
    await page.goto(`/duty?tab=roster&week=${day}`)
    await page.getByRole('button', { name: 'Xếp lịch' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radio', { name: /Hai ca 24\/7/ }).check({ force: true })
    expect(await axe(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Xếp lịch' }).click()
    await dialog.waitFor({ state: 'detached' })
    const shift = page.getByRole('button', { name: /Trưởng ca/ }).first()
    await shift.waitFor()
    await picture(page, 'duty-roster')
    expect(await axe(page)).toEqual([])
    await shift.click()
    await dialog.getByLabel('Ai vắng').selectOption({ index: 1 })
    await dialog.getByLabel('Ai thay').selectOption({ label: 'Lãnh đạo IOC' })
    await dialog.getByLabel('Lý do').fill('Đi công tác')
    expect(await axe(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Ghi trực thay' }).click()
    await page.getByText(/thay Trực ban IOC/).first().waitFor()

    await page.goto('/duty?tab=who')
    await page.getByRole('region', { name: 'Ai sẽ được báo?' }).getByRole('listitem').first().waitFor()
    await picture(page, 'duty-who')
    expect(await axe(page)).toEqual([])
    await page.goto('/duty?tab=people')
    await page.getByRole('row', { name: /Cán bộ đầu mối xã Hòa Tiến/ }).waitFor()
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('a channel', () => {
  let hook: Server
  beforeAll(() => new Promise<void>((done) => {
    hook = createServer((_, res) => res.end('ok')).listen(0, '127.0.0.1', done)
  }))
  afterAll(() => void hook?.close())

  it('is made and tried, and says in words why an address inside is refused', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { user: 'admin' })
    await page.goto('/notify')
    await page.getByRole('button', { name: 'Thêm kênh' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Webhook' }).click()
    await dialog.getByLabel('Tên kênh').fill('Cổng tỉnh')
    await dialog.getByLabel('Địa chỉ').fill(`http://127.0.0.1:${(hook.address() as AddressInfo).port}/su-kien`)
    await dialog.getByLabel('Khoá ký').fill('khoa-ky-du-dai')
    await picture(page, 'channel')
    expect(await axe(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Lưu' }).click()
    const row = page.getByRole('listitem').filter({ hasText: 'Cổng tỉnh' })
    await row.getByRole('button', { name: 'Gửi thử' }).click()
    await row.getByText('không phải địa chỉ công cộng', { exact: false }).waitFor()
    await picture(page, 'notify')
    expect(await axe(page)).toEqual([])
    await page.getByRole('tab', { name: /Nhật ký gửi/ }).click()
    await page.getByRole('row', { name: /Thử kênh Cổng tỉnh.*bỏ cuộc/ }).waitFor()
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })

  it('rings the bell of the officer, who says how to be told', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { user: 'duty', width: 390, height: 844, theme: 'light', lang: 'en' })
    await page.goto('/me/notifications')
    const bell = page.getByRole('button', { name: /unread/ })
    await bell.waitFor({ timeout: 60_000 })
    await bell.click()
    await page.getByRole('button', { name: 'Mark all read' }).waitFor()
    await picture(page, 'inbox-phone')
    expect(await axe(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByLabel('Telephone').fill('0905000111')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved', { exact: true }).first().waitFor()
    expect(await axe(page)).toEqual([])
    expect(await tooWide(page)).toBe(0)
    expect(complaints).toEqual([])
    await context.close()
  })
})
