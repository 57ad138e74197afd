import { seconds } from 'millrace'
import { testStream } from 'millrace/testing'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import sales from '../../examples/sales.ts'

const drop = readFileSync(join(import.meta.dirname, '../../examples/sales/north.csv'))

test('totals of shops are printed and saved, and a bad row is put aside', async () => {
  const app = await testStream(sales, { now: new Date(0) })
  app.input('drop').addFile('north.csv', drop)
  await app.advance(seconds(10))
  const totals = [
    { shop: 'harbour', total: 7 },
    { shop: 'north', total: 15.7 },
  ]
  expect(app.output('print-1').elements).toEqual([totals])
  expect(Object.values(app.files).join('')).toBe(
    '{"shop":"harbour","total":7}\n{"shop":"north","total":15.7}\n',
  )
  expect(await app.deadLetters()).toMatchObject([
    {
      code: 'RECORD_UNREADABLE',
      text: 'shop,price,at,note\nharbour,free,2026-11-30T10:00:11Z,a gift',
    },
  ])
})
