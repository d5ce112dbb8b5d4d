// From a proposal of the program to an incident that is closed with proof: the
// officer at a desk, the ward's officer with a phone.
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

describe('an incident', () => {
  it('is confirmed, followed by its procedure and a task of the ward, and closed with proof only', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { user: 'duty' })
    await page.goto('/incidents')
    const proposals = page.getByRole('region', { name: 'Đề xuất gộp cảnh báo' })
    // Called after its gravest alert, a flooded street: the procedure is that one's.
    const proposal = proposals.getByRole('article').filter({ hasText: /: ngập \d/ }).filter({ hasText: 'Xã Hòa Tiến' }).filter({ has: page.getByRole('img', { name: 'Khẩn cấp' }) }).first()
    await proposal.waitFor({ timeout: 60_000 }) // the demo's first alerts
    await page.locator('[data-ready]').waitFor()
    await picture(page, 'incidents')
    expect(await axe(page)).toEqual([])
    await proposal.getByRole('button', { name: 'Xác nhận' }).click()
    await page.waitForURL(/\/incidents\/./)
    const photo = { name: 'hien-truong.jpg', mimeType: 'image/jpeg', buffer: await page.screenshot({ type: 'jpeg', quality: 60 }) }
    const dialog = page.getByRole('dialog')
    const sop = page.getByRole('region', { name: 'Quy trình' })
    await sop.getByText('Ngập đường phố').waitFor() // the procedure that the rule names

    await page.getByRole('button', { name: 'Giao chủ trì' }).click()
    const lead = dialog.getByRole('group', { name: 'Đơn vị chủ trì' })
    await lead.getByRole('searchbox').fill('hoa tien')
    await lead.getByText('Xã Hòa Tiến', { exact: true }).last().click()
    const helping = dialog.getByRole('group', { name: 'Đơn vị phối hợp' })
    await helping.getByRole('searchbox').fill('thoat nuoc')
    await helping.getByRole('listitem').first().click()
    expect(await axe(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Lưu' }).click()
    await page.getByText('Chưa giao chủ trì').waitFor({ state: 'detached' })

    await page.getByRole('button', { name: 'Giao nhiệm vụ' }).click()
    await dialog.getByLabel('Việc cần làm').fill('Rào chắn ngầm tràn')
    await dialog.getByText('Báo hoàn thành phải có ảnh').click()
    expect(await axe(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Giao nhiệm vụ' }).click()
    await page.getByRole('region', { name: 'Nhiệm vụ' }).getByText('Rào chắn ngầm tràn').waitFor()
    await picture(page, 'incident')

    // The ward, on a phone.
    const ward = await visit(browser, ioc, { user: 'unit', width: 390, height: 844, theme: 'light' })
    const phone = ward.page
    await phone.goto('/tasks')
    await phone.getByText('Rào chắn ngầm tràn').waitFor()
    await picture(phone, 'tasks-phone')
    expect(await axe(phone)).toEqual([])
    expect(await tooWide(phone)).toBe(0)
    await phone.getByRole('button', { name: 'Tiếp nhận', exact: true }).click()
    await phone.getByRole('link', { name: 'Rào chắn ngầm tràn' }).click()
    await phone.getByRole('button', { name: 'Bắt đầu làm' }).click()
    await phone.getByRole('button', { name: 'Thao tác khác' }).click()
    await phone.getByRole('button', { name: 'Xin lùi hạn' }).click()
    const sheet = phone.getByRole('dialog')
    await sheet.getByLabel('Lý do').fill('Nước còn sâu')
    await sheet.getByRole('button', { name: 'Xin lùi hạn' }).click()
    const asked = phone.locator('p').filter({ hasText: /^Xin lùi đến/ })
    await asked.waitFor()
    await page.getByRole('button', { name: 'Đồng ý lùi hạn' }).click() // the desk hears it live
    await asked.waitFor({ state: 'detached' }) // and so does the phone: what it reports next stands on the new version
    await phone.getByRole('button', { name: 'Báo hoàn thành' }).click()
    await sheet.getByRole('button', { name: 'Báo hoàn thành' }).click()
    await sheet.getByRole('alert').filter({ hasText: 'Nhiệm vụ này cần ảnh' }).waitFor()
    await sheet.locator('input[type=file]').setInputFiles(photo)
    await sheet.getByText('hien-truong.jpg').waitFor()
    await sheet.getByRole('button', { name: 'Bỏ hien-truong.jpg' }).waitFor()
    expect(await axe(phone)).toEqual([])
    await sheet.getByRole('button', { name: 'Báo hoàn thành' }).click()
    await phone.getByText('Chờ xác nhận').first().waitFor()
    await picture(phone, 'task-phone')
    expect(await axe(phone)).toEqual([])
    expect(ward.complaints).toEqual([])
    await ward.context.close()

    // The desk again.
    await page.getByRole('button', { name: 'Xác nhận xong' }).click()
    await dialog.getByRole('button', { name: 'Xác nhận xong' }).click()
    await page.getByText('Mọi nhiệm vụ đã xong.').waitFor()
    await page.getByRole('button', { name: 'Đã khắc phục' }).click()
    await dialog.getByRole('button', { name: 'Đã khắc phục' }).click()
    await page.getByRole('button', { name: 'Đóng sự cố' }).click()
    await dialog.getByText(/chưa có minh chứng/).first().waitFor()
    expect(await dialog.getByRole('button', { name: 'Đóng sự cố' }).isDisabled()).toBe(true)
    await picture(page, 'incident-close')
    expect(await axe(page)).toEqual([])
    await page.keyboard.press('Escape')
    for (const title of ['Cắm biển, rào chắn', 'Chụp ảnh sau khi nước rút']) {
      const step = sop.getByRole('listitem').filter({ hasText: title })
      await step.getByRole('button', { name: 'Xong', exact: true }).click()
      await step.locator('input[type=file]').setInputFiles(photo)
      await step.getByRole('button', { name: 'Bỏ hien-truong.jpg' }).waitFor()
      await step.getByRole('button', { name: 'Xong', exact: true }).last().click()
      await step.getByRole('button', { name: /Làm lại bước/ }).waitFor()
    }
    await page.getByRole('button', { name: 'Đóng sự cố' }).click()
    await dialog.getByRole('button', { name: 'Đóng sự cố' }).click()
    await page.getByText('Đã đóng', { exact: true }).waitFor()
    await page.getByRole('tab', { name: 'Diễn biến' }).click()
    await page.getByRole('tabpanel').getByText('Xin lùi hạn', { exact: false }).first().waitFor()
    await picture(page, 'incident-closed')
    expect(await axe(page)).toEqual([])

    await page.getByRole('button', { name: 'Mở lại' }).click()
    await dialog.getByLabel('Lý do').fill('Ngập trở lại')
    await dialog.getByRole('button', { name: 'Mở lại' }).click()
    await page.getByText('Đang xử lý', { exact: true }).first().waitFor()
    expect(complaints).toEqual([])
    await context.close()
  }, 180_000)

  it('takes part of another one, and two become one', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { user: 'duty' })
    const list = (await (await context.request.get('/api/v1/incidents?state=proposed')).json()) as { incidents: { id: string; version: number; alerts: unknown[] }[] }
    const big = list.incidents.filter((i) => i.alerts.length > 2).slice(0, 1)[0]
    if (!big) throw new Error('the demo proposes no incident of three alerts')
    const res = await context.request.post(`/api/v1/incidents/${big.id}/steps`, { data: { step: 'confirm', version: big.version }, headers: { 'X-IOC-CSRF': '1' } })
    expect(res.status(), await res.text()).toBeLessThan(300)
    await page.goto(`/incidents/${big.id}`)
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'Thao tác khác', exact: true }).click()
    await page.getByRole('button', { name: 'Tách sự cố' }).click()
    await dialog.getByRole('checkbox').first().check({ force: true })
    await dialog.getByLabel('Tên sự cố mới').fill('Phần tách ra')
    expect(await axe(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Tách sự cố' }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.goto('/incidents?q=' + encodeURIComponent('Phần tách ra'))
    await page.getByRole('link', { name: 'Phần tách ra' }).click()
    await page.getByRole('button', { name: 'Thao tác khác', exact: true }).click()
    await page.getByRole('button', { name: 'Gộp vào sự cố khác' }).click()
    await dialog.getByRole('radio').first().check({ force: true })
    expect(await axe(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Gộp vào sự cố khác' }).click()
    await page.getByRole('heading', { name: 'Phần tách ra' }).waitFor({ state: 'detached' })
    await page.getByRole('tab', { name: 'Diễn biến' }).click()
    await page.getByText('Nhận sự cố khác gộp vào').waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })
})
