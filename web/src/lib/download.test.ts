import { expect, it } from 'vitest'
import { csv } from './download'

it('writes what spreadsheets read, and no formula', async () => {
  const bytes = new Uint8Array(await csv([['Tên', 'mm'], ['Suối "Đá", đập', 1.5], ['=HYPERLINK(1)', null], ['-', -2]]).arrayBuffer())
  expect([...bytes.slice(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
  expect(new TextDecoder().decode(bytes)).toBe('Tên,mm\r\n"Suối ""Đá"", đập",1.5\r\n\'=HYPERLINK(1),\r\n\'-,-2\r\n')
})
