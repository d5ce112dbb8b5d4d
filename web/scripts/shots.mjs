// Pictures of the interface: node scripts/shots.mjs BASE OUT [path …]
// At 1440×900 and 390×844, dark and light, vi; en once. Signs in with
// IOC_DEMO_PASSWORD (the mock's is "demo").
import { mkdirSync } from 'node:fs'
import { chromium } from 'playwright-core'

const [base = 'http://127.0.0.1:5199', out = '/tmp/shots', ...paths] = process.argv.slice(2)
const only = process.env.ONLY
mkdirSync(out, { recursive: true })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-background-networking'],
})
const looks = [
  { name: 'desk-dark', size: [1440, 900], theme: 'dark', lang: 'vi' },
  { name: 'desk-light', size: [1440, 900], theme: 'light', lang: 'vi' },
  { name: 'desk-en', size: [1440, 900], theme: 'dark', lang: 'en' },
  { name: 'tablet', size: [1024, 768], theme: 'light', lang: 'vi' },
  { name: 'wall', size: [1920, 1080], theme: 'dark', lang: 'vi' },
  { name: 'phone-dark', size: [390, 844], theme: 'dark', lang: 'vi' },
  { name: 'phone-light', size: [390, 844], theme: 'light', lang: 'en' },
].filter((l) => !only || only.split(',').includes(l.name))
for (const look of looks) {
  const context = await browser.newContext({ viewport: { width: look.size[0], height: look.size[1] }, locale: look.lang === 'vi' ? 'vi-VN' : 'en-GB' })
  await context.addInitScript(([theme, lang]) => { localStorage.setItem('ioc.theme', theme); localStorage.setItem('ioc.lang', lang) }, [look.theme, look.lang])
  await context.request.post(`${base}/api/v1/session`, { data: { username: process.env.IOC_USER ?? 'admin', password: process.env.IOC_DEMO_PASSWORD ?? 'demo' }, headers: { 'X-IOC-CSRF': '1', Origin: base } })
  const page = await context.newPage()
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && console.log(look.name, m.type(), m.text().slice(0, 300)))
  page.on('pageerror', (e) => console.log(look.name, 'pageerror', e.message.slice(0, 300)))
  for (const path of paths.length ? paths : ['/', '/map']) {
    await page.goto(base + path)
    await page.waitForTimeout(Number(process.env.WAIT ?? 4500))
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    if (wide > 0) console.log(look.name, path, `is ${wide} px too wide`)
    await page.screenshot({ path: `${out}/${look.name}${path.replaceAll(/[^\w-]+/g, '_')}.png` })
  }
  await context.close()
}
await browser.close()
