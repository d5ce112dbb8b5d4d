import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import en from './en'
import vi from './vi'

type Tree = { [key: string]: string | Tree }

function flatten(tree: Tree, prefix = ''): Map<string, string> {
  const out = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') out.set(prefix + key, value)
    else for (const [k, v] of flatten(value, `${prefix}${key}.`)) out.set(k, v)
  }
  return out
}

// The areas that come with their pages belong to the catalogue too.
function late(lang: string): Tree {
  const dir = `src/i18n/${lang}/late`
  return Object.fromEntries(readdirSync(dir).map((name) => [name.replace('.json', ''), JSON.parse(readFileSync(join(dir, name), 'utf8')) as Tree]))
}

const viKeys = flatten({ ...(vi as unknown as Tree), ...late('vi') })
const enKeys = flatten({ ...(en as unknown as Tree), ...late('en') })
const placeholders = (s: string): string[] => [...new Set(s.match(/\{\w+\}/g) ?? [])].sort()

function paths(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    if (statSync(path).isDirectory()) return name === 'i18n' ? [] : paths(path)
    return /\.(vue|ts)$/.test(name) && !name.endsWith('.test.ts') ? [path] : []
  })
}
const sources = (dir: string): string[] => paths(dir).map((path) => readFileSync(path, 'utf8'))

describe('catalogues', () => {
  it('have the same keys', () => {
    expect([...enKeys.keys()].filter((k) => !viKeys.has(k))).toEqual([])
    expect([...viKeys.keys()].filter((k) => !enKeys.has(k))).toEqual([])
  })

  it('have the same placeholders', () => {
    const wrong = [...viKeys].filter(([k, v]) => placeholders(v).join() !== placeholders(enKeys.get(k) ?? '').join())
    expect(wrong).toEqual([])
  })

  it('have no empty sentence and are NFC', () => {
    expect([...viKeys, ...enKeys].filter(([, v]) => v.trim() === '' || v !== v.normalize('NFC'))).toEqual([])
  })

  // A key is used when it stands in quotes in the code, or when the code
  // builds it from a prefix that ends in a dot: t(`flags.${flag}`).
  it('have no unused sentence and lack none', () => {
    const code = sources('src').join('\n')
    const literal = new Set([...code.matchAll(/['"`]([a-z_]+(?:\.[\w]+)+)['"`]/g)].map((m) => m[1] as string))
    const prefixes = [...code.matchAll(/['"`]([a-z_]+(?:\.\w+)*\.)(?:\$\{|['"`] ?\+)/g)].map((m) => m[1] as string)
    expect([...viKeys.keys()].filter((k) => !literal.has(k) && !prefixes.some((p) => k.startsWith(p)))).toEqual([])
    const asked = [...code.matchAll(/\bt\(\s*['"]([\w.]+)['"]/g)].map((m) => m[1] as string)
    expect(asked.filter((k) => !viKeys.has(k))).toEqual([])
  })

  // Words of a late area are there only on pages that ask for them.
  it('come late only where the page waits for them', () => {
    const router = readFileSync('src/router.ts', 'utf8')
    const wrong: string[] = []
    for (const area of Object.keys(late('vi'))) {
      const features = new Set([...router.matchAll(new RegExp(`withWords\\('${area}', \\(\\) => import\\('\\./feature/(\\w+)/`, 'g'))].map((m) => m[1] as string))
      for (const path of paths('src')) {
        const inside = [...features].some((f) => path.startsWith(`src/feature/${f}/`))
        if (!inside && new RegExp(`\\bt\\(\\s*['"\`]${area}\\.`).test(readFileSync(path, 'utf8'))) wrong.push(`${path} says ${area}.…`)
      }
    }
    expect(wrong).toEqual([])
  })
})
