// An alert from the list to its end, on the real program: by keyboard alone,
// with the unit answering on a phone; its evidence; what keeps it quiet; the
// wall; two people at once; and every page of alerts, wide and narrow.
import type { APIRequestContext, Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { axe, launch, picture, type Program, startIOC, tooWide, visit, type Visit } from './ioc'

let ioc: Program
let browser: Browser
beforeAll(async () => {
  ioc = await startIOC()
  browser = await launch()
  // The rain and the rivers of the demo raise theirs by themselves.
  const { context } = await visit(browser, ioc, { user: 'duty' })
  await vi.waitUntil(async () => (await alerts(context.request, 'limit=1&rule=street-flood')).total > 5, { timeout: 120_000, interval: 500 })
  await context.close()
})
afterAll(async () => {
  await browser?.close()
  await ioc?.stop()
})

interface Row { id: string; number: string; version: number; title: { vi: string; en: string } }
const headers = { 'X-IOC-CSRF': '1' }
const alerts = async (request: APIRequestContext, query: string): Promise<{ alerts: Row[]; total: number }> => (await request.get(`/api/v1/alerts?${query}`)).json() as Promise<{ alerts: Row[]; total: number }>
async function raise(v: Visit, title: string, more: Record<string, unknown> = {}): Promise<Row> {
  const res = await v.context.request.post('/api/v1/alerts', { headers, data: { title, severity: 3, service: 'flood', place: 'Cầu vượt Hòa Cầm', lon: 108.15, lat: 15.96, area: '20332', unit: '20332', ...more } })
  expect(res.status()).toBe(201)
  return res.json() as Promise<Row>
}
const row = (page: Page, a: Row) => page.locator(`tr[data-key="${a.id}"]`)
const panel = (page: Page) => page.getByRole('complementary', { name: 'Chi tiết cảnh báo' })

describe('an alert', () => {
  it('goes from the list to its end by keyboard, the unit answers from a phone', async () => {
    const desk = await visit(browser, ioc, { user: 'duty' })
    const a = await raise(desk, 'Ngập hầm chui Hòa Cầm')
    const { page } = desk
    await page.goto('/alerts')
    await page.locator('tr[data-key]').first().waitFor()
    const press = (key: string): Promise<void> => page.keyboard.press(key)
    await press('/')
    await page.keyboard.type('ham chui hoa cam')
    await press('Enter')
    await expect.poll(() => page.locator('tr[data-key]').count()).toBe(1)
    await press('j')
    await press('Enter')
    await panel(page).getByRole('heading', { name: 'Ngập hầm chui Hòa Cầm' }).waitFor()
    await press('a')
    await panel(page).getByText('Đã tiếp nhận').waitFor()
    await press('v')
    await page.getByRole('dialog').getByRole('radio', { name: /Đúng/ }).waitFor()
    await press('Enter')
    await panel(page).getByText('Đã xác minh').waitFor()
    await press('d')
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Xã Hòa Tiến sẽ nhận tin').waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'alert-dispatch')
    await press('Enter')
    await panel(page).getByText('Đã chuyển đơn vị').waitFor()

    const field = await visit(browser, ioc, { user: 'unit', width: 390, height: 844, theme: 'light' })
    await field.page.goto('/alerts')
    await field.page.getByRole('link', { name: 'Ngập hầm chui Hòa Cầm' }).click()
    await field.page.getByRole('button', { name: 'Nhận việc' }).click()
    await field.page.getByRole('button', { name: 'Bắt đầu xử lý' }).click()
    await field.page.getByRole('button', { name: 'Báo đã xử lý' }).click()
    await field.page.getByRole('dialog').getByLabel('Ghi chú').fill('Đã bơm cạn, thông xe')
    await field.page.getByRole('dialog').getByRole('button', { name: 'Báo đã xử lý' }).click()
    await field.page.getByText('Đã bơm cạn, thông xe').first().waitFor()
    expect(await tooWide(field.page)).toBe(0)
    await picture(field.page, 'alert-unit-phone')
    expect(field.complaints).toEqual([])
    await field.context.close()

    await panel(page).getByText('Đã bơm cạn, thông xe').waitFor() // told live
    await press('n')
    await dialog.getByText('Kết quả xử lý đạt yêu cầu?').first().waitFor()
    await press('Enter')
    await panel(page).getByText('IOC đã kiểm tra').waitFor()
    await press('c')
    await dialog.waitFor()
    await press('Enter')
    await row(page, a).waitFor({ state: 'detached' }) // closed: the list holds what is open
    await picture(page, 'alert-closed')
    expect(await axe(page)).toEqual([])
    const after = (await (await desk.context.request.get(`/api/v1/alerts/${a.id}`)).json()) as { timeline: { step: string }[] }
    expect(after.timeline.map((e) => e.step)).toEqual(['raise', 'acknowledge', 'verify', 'dispatch', 'accept', 'start', 'finish', 'check', 'close'])
    expect(desk.complaints).toEqual([])
    await desk.context.close()
  })

  it('arrives live, marked, counted, and many are taken at once', async () => {
    const desk = await visit(browser, ioc, { user: 'duty' })
    const lead = await visit(browser, ioc, { user: 'ioclead' })
    const { page } = desk
    await page.goto('/alerts?q=trung+tam')
    await page.getByText('Không có cảnh báo nào khớp bộ lọc').or(page.locator('tr[data-key]').first()).waitFor()
    const made = [await raise(lead, 'Ngập trung tâm một', { severity: 4 }), await raise(lead, 'Ngập trung tâm hai', { severity: 2, area: '20242', unit: '20242' })]
    for (const a of made) await row(page, a).getByText('Mới', { exact: true }).first().waitFor()
    await expect.poll(() => page.getByRole('alert').allTextContents().then((t) => t.join())).toMatch(/cảnh báo mới.*Ngập trung tâm/)
    await picture(page, 'alert-live')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.getByRole('toolbar').getByText('2').waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'alert-bulk')
    await page.getByRole('toolbar').getByRole('button', { name: 'Tiếp nhận' }).click()
    for (const a of made) await row(page, a).getByText('Đã tiếp nhận').waitFor()
    expect(desk.complaints).toEqual([])
    await desk.context.close()
    await lead.context.close()
  })

  it('tells two people of each other, and the slower one what the faster did', async () => {
    const first = await visit(browser, ioc, { user: 'duty' })
    const second = await visit(browser, ioc, { user: 'ioclead' })
    const a = await raise(first, 'Cây đổ chắn đường Cách Mạng Tháng Tám')
    for (const v of [first, second]) {
      await v.page.goto(`/alerts/${a.id}`)
      await v.page.getByRole('heading', { level: 1, name: a.title.vi }).waitFor()
    }
    await first.page.getByText(/Đang có người xem/).waitFor()
    await first.page.getByRole('button', { name: 'Việc khác' }).click()
    await first.page.getByRole('button', { name: 'Đóng', exact: true }).click()
    await first.page.getByRole('dialog').getByLabel(/Ghi chú|Lý do/).fill('Đã dọn')
    await second.page.getByRole('button', { name: /Tiếp nhận/ }).first().click()
    await second.page.getByText('Đã tiếp nhận').first().waitFor()
    await first.page.getByRole('dialog').getByRole('button', { name: 'Đóng', exact: true }).last().click()
    const told = first.page.getByRole('alert').filter({ hasText: 'Tiếp nhận' })
    await told.waitFor()
    await picture(first.page, 'alert-two-people')
    expect(await axe(first.page)).toEqual([])
    expect(first.complaints.filter((c) => !c.includes('409'))).toEqual([]) // the browser logs the answer itself
    await first.context.close()
    await second.context.close()
  })

  it('shows why it fired: the frozen record, the levels, the chart, the runbook', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { user: 'duty' })
    const [a] = (await alerts(context.request, 'limit=1&rule=street-flood&severity=4')).alerts
    await page.goto(`/alerts/${a?.id}?tab=evidence`)
    await page.getByText('Bằng chứng nguyên vẹn').waitFor()
    await page.getByRole('columnheader', { name: 'Ngưỡng báo' }).waitFor()
    await page.getByRole('columnheader', { name: 'Dấu chất lượng' }).waitFor()
    await page.locator('canvas').first().waitFor()
    await picture(page, 'alert-evidence')
    expect(await axe(page)).toEqual([])
    await page.getByRole('tab', { name: 'Hướng dẫn' }).click()
    await page.getByText('Kiểm tra trước').waitFor()
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('what keeps alerts quiet', () => {
  it('is counted before, holds back, and ends', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { user: 'duty' })
    const before = (await alerts(context.request, 'limit=1&open=true&suppressed=false&rule=rain-1h')).total
    const rule = before > 0 ? 'rain-1h' : 'street-flood'
    await page.goto('/alerts/silences')
    await page.getByRole('button', { name: 'Tắt tiếng mới' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Giá trị').first().selectOption(rule)
    await dialog.getByText(/Hiện khớp \d+ cảnh báo/).waitFor()
    await dialog.getByRole('button', { name: 'Lưu' }).click()
    await dialog.getByText('Cần ghi lý do').waitFor()
    await dialog.getByLabel('Lý do').fill('Thử tắt tiếng')
    expect(await axe(page)).toEqual([])
    await picture(page, 'alert-silence')
    await dialog.getByRole('button', { name: 'Lưu' }).click()
    await page.getByText('Thử tắt tiếng').waitFor()
    await expect.poll(async () => (await alerts(context.request, `limit=1&open=true&suppressed=false&rule=${rule}`)).total).toBe(0)
    await picture(page, 'silences')
    await page.getByRole('button', { name: 'Kết thúc ngay' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Kết thúc ngay' }).click()
    await expect.poll(async () => (await alerts(context.request, `limit=1&open=true&suppressed=false&rule=${rule}`)).total).toBeGreaterThan(0)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('may not go round in a circle', async () => {
    const { page, context } = await visit(browser, ioc, { user: 'duty' })
    await page.goto('/alerts/silences?tab=inhibitions')
    await page.getByRole('button', { name: 'Thêm quy tắc che tin' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Tên tiếng Việt').fill('Ngược chiều')
    const values = dialog.getByLabel('Giá trị')
    await values.nth(0).selectOption('gauge-silent')
    await values.nth(1).selectOption('source-silent')
    await dialog.getByRole('group', { name: 'nếu cùng' }).getByText('nguồn').click()
    await dialog.getByRole('button', { name: 'Lưu' }).click()
    await dialog.getByRole('alert').filter({ hasText: 'vòng' }).waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'alert-circle')
    await context.close()
  })
})

describe('the wall', () => {
  it('turns its scenes, and comes back to the list when something serious happens', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { user: 'duty' })
    await page.clock.install()
    await page.goto('/wall')
    await page.getByRole('list', { name: 'Cần xử lý trước' }).waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'wall-list')
    await page.clock.runFor(21_000)
    await page.locator('.maplibregl-map').waitFor()
    await vi.waitUntil(async () => {
      await page.clock.runFor(5_000)
      return (await page.getByRole('article').count()) > 0
    }, { timeout: 30_000 })
    await picture(page, 'wall-figures')
    expect(await axe(page)).toEqual([])
    const v: Visit = { page, context, complaints }
    await raise(v, 'Sạt lở đèo Hải Vân', { severity: 4 })
    await expect.poll(async () => {
      await page.clock.runFor(500)
      return page.getByRole('list', { name: 'Cần xử lý trước' }).getByText('Sạt lở đèo Hải Vân').count()
    }).toBe(1)
    await picture(page, 'wall-news')
    expect(complaints).toEqual([])
    await context.close()
  })
})

const pages: [string, string][] = [
  ['alerts', '/alerts'],
  ['alerts-map', '/alerts?view=map'],
  ['alert', '/alerts/first'],
  ['alert-notifications', '/alerts/first?tab=notifications'],
  ['alert-silences', '/alerts/silences'],
  ['alert-inhibitions', '/alerts/silences?tab=inhibitions'],
  ['alert-settings', '/alerts/silences?tab=settings'],
  ['alert-budget', '/alerts/budget'],
  ['wall', '/wall'],
]
describe.each([
  { name: 'desk', width: 1440, height: 900, theme: 'dark' as const, lang: 'vi' as const, user: 'duty' },
  { name: 'phone', width: 390, height: 844, theme: 'light' as const, lang: 'en' as const, user: 'duty' },
])('$name', ({ name, ...look }) => {
  it.each(pages)('%s', async (title, path) => {
    const { page, context, complaints } = await visit(browser, ioc, look)
    const [first] = (await alerts(context.request, 'limit=1&rule=street-flood')).alerts
    await page.goto(path.replace('first', first?.id ?? ''))
    await page.locator('main h1').first().waitFor({ state: 'attached' })
    await page.locator('.skeleton').first().waitFor({ state: 'detached' })
    await picture(page, `${title}-${name}`)
    expect(await axe(page)).toEqual([])
    expect(await tooWide(page)).toBe(0)
    expect(complaints).toEqual([])
    await context.close()
  })
})
