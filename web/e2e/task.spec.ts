// A leader gives a directive; every unit answers for itself.
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

describe('a directive', () => {
  it('goes from the leader to two units and is seen by unit', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { user: 'leader' })
    await page.goto('/directives')
    await page.getByRole('button', { name: 'Giao chỉ đạo' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Nội dung chỉ đạo').fill('Rà soát hộ dân vùng trũng')
    for (const [q, name] of [['hoa tien', 'Xã Hòa Tiến'], ['hai chau', 'Phường Hải Châu']] as const) {
      await dialog.getByRole('searchbox').fill(q)
      await dialog.getByRole('listitem').filter({ hasText: name }).click()
    }
    expect(await axe(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Giao chỉ đạo' }).click()
    await page.getByRole('row', { name: /Xã Hòa Tiến/ }).waitFor()
    await page.getByRole('row', { name: /Phường Hải Châu/ }).waitFor()
    await picture(page, 'directives')
    expect(await axe(page)).toEqual([])

    const ward = await visit(browser, ioc, { user: 'unitlead', width: 390, height: 844, theme: 'light', lang: 'en' })
    await ward.page.goto('/tasks')
    await ward.page.getByText('Rà soát hộ dân vùng trũng').waitFor()
    expect(await ward.page.getByText('Phường Hải Châu').count()).toBe(0) // another unit's is not theirs
    await ward.page.getByRole('button', { name: 'Accept', exact: true }).click()
    await ward.page.getByText('Rà soát hộ dân vùng trũng').click()
    await ward.page.getByRole('button', { name: 'Start', exact: false }).waitFor()
    expect(await axe(ward.page)).toEqual([])
    expect(await tooWide(ward.page)).toBe(0)
    expect(ward.complaints).toEqual([])
    await ward.context.close()
    expect(complaints).toEqual([])
    await context.close()
  })
})
