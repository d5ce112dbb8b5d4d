import { expect, it } from 'vitest'
import { nav, pagesFor } from './nav'

it('leads who may only connect systems to the systems', () => {
  const may = new Set(['case.connect', 'case.map'])
  const items = pagesFor(nav, (p) => may.has(p))
  expect(items.map((i) => [i.key, i.to])).toEqual([['nav.cases', '/cases/words']])
})

it('opens the scoreboard to who may see files', () => {
  expect(pagesFor(nav, (p) => p === 'case.view').map((i) => i.to)).toEqual(['/cases/board'])
})
