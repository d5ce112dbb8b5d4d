import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axe, launch, picture, type Program, startIOC, tooWide, visit } from './ioc'
import { publish } from './mqtt'

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

describe('an MQTT source', () => {
  it('is connected without code, and its reading stands on the map', async () => {
    const { page, context, complaints } = await visit(browser, ioc)
    const next = page.getByRole('button', { name: 'Tiếp tục' })
    await page.goto('/sources')
    await page.getByRole('link', { name: 'Kết nối nguồn' }).click()
    await page.getByRole('button', { name: 'Chọn: Thiết bị gửi MQTT đến IOC' }).click()
    expect(await next.isDisabled()).toBe(true) // it has no name yet
    await page.getByLabel('Tên nguồn').fill('Ngập thử')
    await page.getByLabel('Mã nguồn').fill('ngap-thu')
    await next.click() // settings → sample
    await page.getByLabel('Bản tin', { exact: true }).fill('0.42')
    await page.getByLabel('Chủ đề MQTT').fill('ioc/ngap-thu/T1')
    await next.click() // → mapping
    expect(await page.getByRole('radio', { name: /Theo định dạng của IOC/ }).isChecked()).toBe(true)
    await next.click() // → preview
    await page.getByRole('row', { name: /trạm mới T1/ }).waitFor()
    expect(await axe(page)).toEqual([])
    await next.click() // → stations
    await page.getByLabel('Tên trạm').fill('Tháp thử Nguyễn Văn Linh')
    await page.getByLabel('Đo gì').selectOption('flood_depth')
    expect(await next.isDisabled()).toBe(true) // it has no place yet
    await page.getByRole('button', { name: 'Chọn trên bản đồ: T1' }).click()
    await page.locator('[data-ready]').waitFor()
    await page.getByRole('button', { name: 'Lấy giữa bản đồ' }).click()
    await page.getByRole('button', { name: 'Xong' }).click()
    expect(Number(await page.getByLabel('Vĩ độ').inputValue())).toBeGreaterThan(15)
    await picture(page, 'connect-stations')
    expect(await axe(page)).toEqual([])
    await next.click()
    await page.getByRole('button', { name: 'Tạo và bật nguồn' }).click()
    await page.getByText('Đã bật nguồn Ngập thử').waitFor()
    const password = (await page.locator('[data-secret]').textContent()) ?? ''
    expect(password.length).toBeGreaterThan(15)
    await picture(page, 'connect-done')

    await publish(ioc.mqtt, 'ngap-thu-1', password, 'ioc/ngap-thu/T1', '0.42')
    await page.getByRole('link', { name: 'Xem nguồn' }).click()
    await expect.poll(() => page.getByRole('row', { name: /Tháp thử Nguyễn Văn Linh.*0,42/ }).count(), { timeout: 15_000 }).toBe(1) // by the live stream
    await page.goto('/map?list=flood-depth')
    await page.locator('[data-ready]').waitFor()
    await page.getByRole('searchbox', { name: 'Lọc theo tên, không cần dấu' }).fill('thap thu nguyen van linh')
    const row = page.locator('tbody tr[data-key]').filter({ hasText: 'Tháp thử Nguyễn Văn Linh' })
    await row.waitFor()
    expect(await row.textContent()).toContain('0,42')
    await picture(page, 'connect-map')
    expect(complaints).toEqual([])
    await context.close()
  })

  it('refuses a topic outside its own, and a wrong password', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/sources/ngap-thu?tab=devices')
    await page.getByLabel('Tên thiết bị').fill('may-2')
    await page.getByRole('button', { name: 'Thêm thiết bị' }).click()
    const password = (await page.locator('[data-secret]').textContent()) ?? ''
    expect(await axe(page)).toEqual([])
    await expect(publish(ioc.mqtt, 'may-2', 'wrong', 'ioc/ngap-thu/T1', '1')).rejects.toThrow()
    await expect(publish(ioc.mqtt, 'may-2', password, 'ioc/other/T1', '1')).rejects.toThrow()
    await publish(ioc.mqtt, 'may-2', password, 'ioc/ngap-thu/T1', '0.5')
    await context.close()
  })

  it('shows where a mapping is wrong, and completes it', async () => {
    const { page, context } = await visit(browser, ioc)
    await page.goto('/sources/new')
    await page.getByRole('button', { name: 'Đo mực nước tự gửi MQTT' }).click()
    for (const _ of [1, 2]) await page.getByRole('button', { name: 'Tiếp tục' }).click()
    const value = page.getByRole('combobox', { name: 'Giá trị', exact: true })
    await value.fill('number(level_mm) / )')
    await page.getByText(/ở vị trí 20/).waitFor()
    expect(await page.getByRole('button', { name: 'Tiếp tục' }).isDisabled()).toBe(true)
    await value.fill('')
    await value.pressSequentially('num')
    await page.getByRole('option', { name: /number\(x\)/ }).waitFor()
    await value.press('Enter')
    await value.pressSequentially('level')
    await page.getByRole('option', { name: /level_mm/ }).waitFor()
    await value.press('Tab')
    await value.pressSequentially(') / 1000')
    expect(await value.inputValue()).toBe('number(level_mm) / 1000')
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: 'Tiếp tục' }).click()
    await page.getByRole('row', { name: /431068.*1,25/ }).waitFor()
    await context.close()
  })
})

describe('a bad file', () => {
  it('lets its good rows in, keeps its bad rows aside, and each is mended', async () => {
    const { page, context, complaints } = await visit(browser, ioc)
    const api = context.request
    const post = async (path: string, data: unknown): Promise<void> => {
      const res = await api.post(path, { data, headers: { 'X-IOC-CSRF': '1' } })
      expect(res.status(), await res.text()).toBeLessThan(300)
    }
    await post('/api/v1/sources', { id: 'tep', name: 'Tệp mực nước', kind: 'file', config: { protocol: 'folder', pattern: '*.csv', every: '1s', settle: '1s' }, mapping: { format: 'csv', time: 'field(record, "thoi gian")', datastream: 'field(record, "tram")', value: 'field(record, "gia tri")' } })
    await post('/sta/v1.1/Things', {
      '@iot.id': 'cau-thu', name: 'Cầu thử', description: '', properties: { kind: 'water_level' },
      Locations: [{ '@iot.id': 'cau-thu', name: 'Cầu thử', description: '', encodingType: 'application/geo+json', location: { type: 'Point', coordinates: [108.2, 16.05] } }],
      Datastreams: [{ '@iot.id': 'cau-thu-level', name: 'Mực nước cầu thử', description: '', observationType: 'http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement', unitOfMeasurement: { name: 'metre', symbol: 'm', definition: 'http://unitsofmeasure.org/ucum.html' }, properties: { source: 'tep', key: 'CT', resolution: 0.01, rhythm_seconds: 3600 }, ObservedProperty: { '@iot.id': 'water_level' }, Sensor: { '@iot.id': 'radar-thu', name: 'Radar', description: '', encodingType: 'text/plain', metadata: 'Radar' } }],
    })
    const drop = join(ioc.data, 'drop', 'tep')
    mkdirSync(drop, { recursive: true })
    const day = (shift: number): string => {
      const [y, m, d] = new Date(Date.now() + 7 * 3_600_000 + shift * 86_400_000).toISOString().slice(0, 10).split('-')
      return `${d}/${m}/${y}`
    }
    writeFileSync(join(drop, 'hong.csv'), `Trạm;Thời gian;Giá trị\r\nCT;${day(-1)} 01:00;1,25\r\nCT;${day(-1)} 02:00;hỏng\r\nCT;${day(3)} 03:00;1,40\r\n`)
    expect(existsSync(drop)).toBe(true)

    await page.goto('/dead-letters?source=tep')
    const bad = page.getByRole('row', { name: /không đọc được|từ chối/ })
    const early = page.getByRole('row', { name: /cách ly/ })
    await expect.poll(async () => {
      await page.reload()
      await page.locator('main h1').waitFor()
      await page.waitForTimeout(300)
      return (await bad.count()) + (await early.count())
    }, { timeout: 40_000, interval: 1500 }).toBe(2)
    await picture(page, 'letters')
    expect(await axe(page)).toEqual([])

    await bad.click()
    const piece = page.getByRole('dialog').getByRole('textbox')
    await piece.fill((await piece.inputValue()).replace('hỏng', '1,31'))
    await picture(page, 'letter')
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: 'Nạp lại' }).click()
    await page.getByText('Đã nhận', { exact: true }).waitFor()
    await page.keyboard.press('Escape')

    await early.click() // dated three days ahead
    const reading = page.getByRole('dialog').getByRole('textbox')
    await reading.fill((await reading.inputValue()).replace(/"time": "[^"]+"/, `"time": "${new Date(Date.now() - 3_600_000).toISOString()}"`))
    await page.getByRole('button', { name: 'Nạp lại' }).click()
    await page.getByText('Đã nhận', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('Không có bản tin lỗi nào').waitFor()

    await page.goto('/stations/cau-thu?range=3d')
    await page.getByRole('tab', { name: 'Bảng số liệu' }).waitFor()
    for (const v of ['1,25 m', '1,31 m', '1,40 m']) await page.getByRole('cell', { name: v }).first().waitFor()
    await page.goto('/sources/tep')
    await page.getByText('Nhận', { exact: true }).waitFor()
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })

  it('can be looked after on a phone', async () => {
    const { page, context } = await visit(browser, ioc, { width: 390, height: 844, theme: 'light', lang: 'en' })
    for (const path of ['/sources/tep', '/sources/ngap-thu?tab=devices', '/dead-letters?state=all', '/sources/new', '/stations/cau-thu']) {
      await page.goto(path)
      await page.locator('main h1').waitFor()
      await page.locator('.skeleton').first().waitFor({ state: 'detached' })
      expect(await tooWide(page), path).toBe(0)
      expect(await axe(page), path).toEqual([])
    }
    await context.close()
  })
})
