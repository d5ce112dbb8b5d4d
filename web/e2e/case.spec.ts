import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { APIRequestContext, Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axe, launch, password, picture, type Program, startIOC, tooWide, visit } from './ioc'

let ioc: Program
let browser: Browser
beforeAll(async () => {
  ioc = await startIOC()
  browser = await launch()
  await seeded()
})
afterAll(async () => {
  await browser?.close()
  await ioc?.stop()
})

interface Row { key: string; name: string; received: number; in_progress: number; overdue: number; near_due: number }
interface File { id: string; code: string; class: string; officer_name: string; officer: string; unit: string; procedure_name: string }

async function json<T>(api: APIRequestContext, path: string): Promise<T> {
  const res = await api.get(`/api/v1/${path}`)
  expect(res.status(), path).toBe(200)
  return (await res.json()) as T
}

/** seeded waits until the demo has made its files up: what is open no longer grows. */
async function seeded(): Promise<void> {
  const context = await browser.newContext({ baseURL: ioc.url })
  await context.request.post('/api/v1/session', { data: { username: 'leader', password }, headers: { 'X-IOC-CSRF': '1' } })
  const deadline = Date.now() + 150_000
  for (let last = -1, same = 0; same < 2; ) {
    if (Date.now() > deadline) throw new Error('the demo has no files')
    await new Promise((r) => setTimeout(r, 2500))
    const res = await context.request.get('/api/v1/cases/summary')
    const open = res.ok() ? ((await res.json()) as { open: number }).open : 0
    same = open > 0 && open === last ? same + 1 : 0
    last = open
  }
  await context.close()
}

describe('the scoreboard', () => {
  it('leads from the city to the timeline of a file in three clicks', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { user: 'leader' })
    const board = await json<{ rows: Row[] }>(context.request, 'cases/board?by=unit')
    const unit = [...board.rows].sort((a, b) => b.in_progress - a.in_progress)[0] as Row
    await page.goto('/cases/board')
    await page.getByRole('article').filter({ hasText: 'Tỷ lệ trễ hạn' }).getByText('trễ + quá hạn trên số đã giải quyết + quá hạn').waitFor()
    await page.getByText('mô phỏng').first().waitFor()
    await picture(page, 'case-board')
    expect(await axe(page)).toEqual([])

    await page.getByRole('searchbox', { name: /Tìm trong bảng/ }).fill(unit.name)
    await page.getByRole('link', { name: unit.name, exact: true }).click() // one
    await page.waitForURL(/unit=.*by=officer|by=officer.*unit=/)
    const way = page.getByRole('navigation', { name: 'Đang xem' })
    await way.getByText(unit.name).waitFor()
    await page.locator('tbody tr[data-key]').first().waitFor()
    expect(await axe(page)).toEqual([])

    const officers = await json<{ rows: Row[] }>(context.request, `cases/board?by=officer&unit=${unit.key}`)
    const officer = [...officers.rows].sort((a, b) => b.in_progress - a.in_progress)[0] as Row
    await page.getByRole('link', { name: officer.name, exact: true }).click() // two
    await page.waitForURL(/\/cases\?/)
    const file = page.locator('tbody tr[data-key]').first()
    await file.waitFor()
    const code = (await file.getByRole('link').first().textContent()) ?? ''
    await file.click() // three
    await page.getByRole('heading', { level: 1, name: code }).waitFor()
    await page.getByRole('heading', { name: 'Diễn biến' }).waitFor()
    await way.getByText(code).waitFor()
    expect(await way.getByRole('link').allTextContents()).toEqual(['Toàn thành phố', unit.name, officer.name])
    await picture(page, 'case-file')
    expect(await axe(page)).toEqual([])
    await way.getByRole('link', { name: unit.name }).click()
    await page.waitForURL(/by=officer/)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('keeps the period in the address, looks at an instant of the past, and leaves as a workbook', async () => {
    const { page, context } = await visit(browser, ioc, { user: 'leader' })
    await page.goto('/cases/board?period=quarter&day=2026-05-05')
    await page.getByText('Quý II/2026').waitFor()
    await page.getByRole('button', { name: 'Kỳ sau' }).click()
    await page.getByText('Quý III/2026').waitFor()
    expect(page.url()).toContain('day=2026-07-01')
    await page.getByRole('button', { name: 'Hiện tại' }).click()
    await page.getByLabel('Tại thời điểm').last().fill('2026-07-15T09:00')
    await page.getByRole('button', { name: 'Xem', exact: true }).click()
    await page.getByText('tính đến 09:00:00 15/07/2026').waitFor()
    const sheet = await context.request.get((await page.getByRole('link', { name: 'Tải XLSX' }).getAttribute('href')) ?? '')
    expect(sheet.headers()['content-type']).toContain('spreadsheetml')
    expect((await sheet.body()).subarray(0, 2).toString()).toBe('PK')
    await context.close()
  })
})

describe('a file', () => {
  it('shows who applied only for a reason, and keeps the apology', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { user: 'unitlead' })
    const own = await json<{ cases: File[] }>(context.request, 'cases?class=in_time,near_due,overdue,paused&limit=50')
    const file = (own.cases.find((c) => c.class === 'overdue') ?? own.cases[0]) as File
    await page.goto(`/cases/${file.id}`)
    await page.getByRole('button', { name: 'Xem đầy đủ' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(/được ghi lại/).waitFor()
    expect(await dialog.getByRole('button', { name: 'Xem đầy đủ' }).isDisabled()).toBe(true)
    expect(await axe(page)).toEqual([])
    await dialog.getByRole('textbox').fill('Gọi người dân bổ sung giấy tờ')
    await dialog.getByRole('button', { name: 'Xem đầy đủ' }).click()
    const name = dialog.locator('dd').first()
    await name.waitFor()
    expect(await name.textContent()).not.toContain('*')
    await page.keyboard.press('Escape')
    expect(await page.getByRole('dialog').count()).toBe(0)

    await page.getByRole('button', { name: 'Ghi thư xin lỗi' }).click()
    await dialog.getByLabel('Số văn bản').fill('12/UBND-XL')
    await dialog.getByLabel('Lý do trễ').fill('Chờ kết quả đo đạc thực địa')
    await dialog.getByRole('button', { name: 'Lưu' }).click()
    await page.getByText('Đã ghi thư xin lỗi').waitFor()
    await page.getByText(/12\/UBND-XL/).first().waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  it('is not there for another unit', async () => {
    const leader = await visit(browser, ioc, { user: 'leader' })
    const all = await json<{ cases: File[] }>(leader.context.request, 'cases?limit=100')
    const other = all.cases.find((c) => c.unit !== '20332') as File
    await leader.context.close()
    const { page, context } = await visit(browser, ioc, { user: 'officer' })
    await page.goto(`/cases/${other.id}`)
    await page.getByRole('alert').getByText(/không có hồ sơ/).waitFor()
    await context.close()
  })
})

describe('a one-stop system', () => {
  const good = 'ma_ho_so;ten_thu_tuc;don_vi;trang_thai;ngay_tiep_nhan;ngay_hen_tra;chu_ho_so\nTEST-260101-0001;Cấp thử giấy phép;DV-LA;Đang xử lý lạ;05/01/2026 08:00;09/01/2026 17:00;Nguyễn Văn Thử\nTEST-260101-0002;Cấp thử giấy phép;DV-LA;Đang xử lý lạ;06/01/2026 08:00;12/01/2026 17:00;Trần Thị Mẫu\n'

  it('is connected without code, its file read, its words explained', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { user: 'dataadmin' })
    await page.goto('/cases/systems')
    await page.getByRole('link', { name: /^Kết nối hệ thống/ }).first().click()
    await page.getByRole('button', { name: 'Chọn: Tệp CSV, XLSX' }).click()
    const next = page.getByRole('button', { name: 'Tiếp tục' })
    expect(await next.isDisabled()).toBe(true) // it has no name yet
    await page.getByLabel('Tên hệ thống').fill('Tệp thử')
    await next.click()
    await page.getByLabel('Đoạn mẫu').fill(good)
    await page.getByRole('button', { name: 'Thử và xem trước' }).click()
    await page.getByText('2 dòng đọc được').waitFor()
    const field = (column: string) => page.getByRole('combobox', { name: `Là trường: ${column}` })
    expect(await field('ma_ho_so').inputValue()).toBe('code') // suggested by its name
    expect(await field('ngay_hen_tra').inputValue()).toBe('due')
    await field('ma_ho_so').selectOption('')
    expect(await next.isDisabled()).toBe(true)
    await page.getByText('Cần biết cột nào là mã hồ sơ').waitFor()
    await field('ma_ho_so').selectOption('code')
    await picture(page, 'case-connect')
    expect(await axe(page)).toEqual([])
    await next.click()
    await page.getByRole('button', { name: 'Kết nối và bật' }).click()
    await page.getByText('Đã kết nối Tệp thử').waitFor()
    await page.getByRole('link', { name: 'Xem hệ thống' }).click()

    const csv = join(ioc.data, 'thu.csv')
    writeFileSync(csv, `${good};Không có mã;DV-LA;Đang xử lý lạ;07/01/2026 08:00;12/01/2026 17:00;Lê Văn Hỏng\n`)
    await page.getByLabel('Chọn tệp CSV hoặc XLSX').setInputFiles(csv)
    await page.getByText('Đã nhận, 1 dòng để riêng').waitFor()
    const rejected = page.getByRole('region', { name: 'Dòng bị để riêng' })
    await rejected.getByRole('listitem').first().waitFor()
    expect(await rejected.textContent()).not.toContain('Lê Văn Hỏng') // masked
    await picture(page, 'case-system')
    expect(await axe(page)).toEqual([])

    await page.goto('/cases/words?kind=state')
    const word = page.getByRole('listitem').filter({ hasText: 'Đang xử lý lạ' })
    await word.getByRole('button', { name: 'Chọn nghĩa' }).click()
    await word.getByLabel('Nghĩa là').selectOption('processing')
    await word.getByRole('button', { name: 'Lưu' }).click()
    await word.waitFor({ state: 'detached' })
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()

    const leader = await visit(browser, ioc, { user: 'leader' })
    await leader.page.goto('/cases?class=all&q=TEST-260101')
    await leader.page.getByRole('row', { name: /TEST-260101-0001/ }).waitFor()
    await leader.page.getByRole('row', { name: /N\*\*\* V\*\* T/ }).waitFor()
    await leader.context.close()
  })
})

describe('the look-up', () => {
  it('answers a citizen on a phone, and says when to come back', async () => {
    const leader = await visit(browser, ioc, { user: 'leader' })
    const { cases } = await json<{ cases: File[] }>(leader.context.request, 'cases?limit=1')
    const file = cases[0] as File
    await leader.context.close()
    const { page, context } = await visit(browser, ioc, { width: 390, height: 844, theme: 'light', user: null })
    await page.goto('/tra-cuu')
    await page.getByLabel('Mã hồ sơ').fill(file.code.toLowerCase())
    await page.getByRole('button', { name: 'Tra cứu' }).click()
    const answer = page.getByRole('article', { name: file.code })
    await answer.getByText(file.procedure_name).waitFor()
    expect(await answer.textContent()).toMatch(/\*\*/)
    expect(await tooWide(page)).toBe(0)
    expect(await axe(page)).toEqual([])
    await picture(page, 'case-lookup')
    await page.getByLabel('Mã hồ sơ').fill('H17.99-990101-9999')
    await page.getByRole('button', { name: 'Tra cứu' }).click()
    await page.getByText('Không có hồ sơ với mã này').waitFor()
    const many = page.getByText('Tra cứu quá nhiều lần')
    for (let i = 0; i < 60 && (await many.count()) === 0; i++) {
      await page.getByRole('button', { name: 'Tra cứu' }).click()
      await page.locator('main [role=alert]').waitFor()
    }
    await many.waitFor()
    await page.getByText(/Có thể tra cứu lại sau/).waitFor()
    expect(await page.getByRole('button', { name: 'Tra cứu' }).isDisabled()).toBe(true)
    await context.close()
  })
})

describe('pages of files', () => {
  it.each([{ width: 390, theme: 'light', lang: 'en', user: 'officer' }, { width: 1440, theme: 'dark', lang: 'vi', user: 'ioclead' }, { width: 1440, theme: 'light', lang: 'vi', user: 'leader' }] as const)('fit at $width px in $theme and $lang', { timeout: 240_000 }, async ({ width, theme, lang, user }) => {
    const { page, context, complaints } = await visit(browser, ioc, { width, height: width === 390 ? 844 : 900, theme, lang, user })
    for (const path of ['/cases/board', '/cases/board?by=procedure', '/cases', '/cases?class=all', '/cases/mine', '/cases/warnings', '/cases/warnings?tab=digests', '/cases/warnings?tab=settings', '/cases/slow?by=step', '/cases/score766', '/cases/compare', '/cases/procedures']) {
      await page.goto(path)
      await page.locator('main h1').waitFor()
      await page.locator('.skeleton').first().waitFor({ state: 'detached' })
      expect(await tooWide(page), path).toBe(0)
      expect(await axe(page), path).toEqual([])
    }
    expect(complaints).toEqual([])
    await context.close()
  })

  it('are not offered to who may not see files', async () => {
    const { page, context } = await visit(browser, ioc, { user: 'security' })
    await page.goto('/')
    await page.locator('nav').first().waitFor()
    expect(await page.getByRole('link', { name: 'Hồ sơ TTHC' }).count()).toBe(0)
    await page.goto('/cases/board')
    await page.getByText('Tài khoản này không xem được trang').waitFor()
    await context.close()
  })
})
