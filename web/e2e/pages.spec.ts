// Every page, wide and narrow: it appears, it breaks no rule of access, it
// does not scroll sideways, it breaks no content policy and logs no error.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axe, launch, picture, type Program, startIOC, tooWide, visit, type Visit } from './ioc'

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

const pages: [string, string][] = [
  ['overview', '/'],
  ['map', '/map'],
  ['flood', '/flood'],
  ['stations', '/stations'],
  ['sources', '/sources'],
  ['connect', '/sources/new'],
  ['dead-letters', '/dead-letters'],
  ['incidents', '/incidents'],
  ['tasks', '/tasks'],
  ['directives', '/directives'],
  ['sops', '/sops'],
  ['sop', '/sops/flood-street'],
  ['rules', '/rules'],
  ['duty', '/duty'],
  ['duty-log', '/duty?tab=log'],
  ['duty-roster', '/duty?tab=roster'],
  ['duty-people', '/duty?tab=people'],
  ['duty-who', '/duty?tab=who'],
  ['notify', '/notify'],
  ['notify-log', '/notify?tab=log'],
  ['my-notifications', '/me/notifications'],
  ['org', '/org'],
  ['people', '/people'],
  ['access', '/access'],
  ['access-who', '/access?tab=who'],
  ['audit', '/audit'],
  ['calendar', '/calendar?year=2026'],
  ['personal', '/personal'],
  ['me', '/me'],
  ['me-security', '/me?tab=security'],
  ['not-found', '/no/such/page'],
]

describe.each([
  { name: 'desk', width: 1440, height: 900, theme: 'dark' as const, lang: 'vi' as const },
  { name: 'phone', width: 390, height: 844, theme: 'light' as const, lang: 'en' as const },
])('$name', ({ name, ...look }) => {
  // One window for all: the pages are what is looked at, and a new one would
  // fetch and compile the program each time.
  let seen: Visit
  beforeAll(async () => {
    seen = await visit(browser, ioc, look)
  })
  afterAll(() => seen?.context.close())

  it.each(pages)('%s', async (title, path) => {
    const { page, complaints } = seen
    complaints.length = 0
    await page.goto(path)
    await page.locator('main h1, main [role=alert], main p').first().waitFor({ state: 'attached' })
    await page.locator('.skeleton').first().waitFor({ state: 'detached' })
    if (title === 'map' || title === 'overview') await page.locator('[data-ready]').waitFor()
    await picture(page, `${title}-${name}`)
    expect(await axe(page)).toEqual([])
    expect(await tooWide(page)).toBe(0)
    expect(complaints).toEqual([])
  })

  it('sign-in', async () => {
    const { page, context, complaints } = await visit(browser, ioc, { ...look, user: null })
    await page.goto('/sign-in')
    await page.locator('input[name=password]').waitFor()
    expect(await axe(page)).toEqual([])
    expect(await tooWide(page)).toBe(0)
    expect(complaints).toEqual([])
    await context.close()
  })
})
