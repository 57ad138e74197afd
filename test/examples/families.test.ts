import { seconds } from 'millrace'
import { testStream } from 'millrace/testing'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import families from '../../examples/families.ts'

const file = join(import.meta.dirname, '../../examples/families/marriages.txt')

test('the graph of all marriages so far grows with each batch', async () => {
  const app = await testStream(families, { now: new Date(0) })
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  app.input('marriages').addFile('early.txt', lines.slice(0, 3).join('\n'))
  await app.advance(seconds(10))
  await app.restart()
  app.input('marriages').addFile('late.txt', lines.slice(3).join('\n'))
  await app.advance(seconds(10))
  const [few, all] = app.output<string>('print-1').elements
  expect(few?.[0]).toBe('Castellani: rank 1.46, marriages 2, triangles 0')
  expect(all).toHaveLength(15)
  expect(all?.slice(0, 2)).toEqual([
    'Medici: rank 2.19, marriages 6, triangles 1',
    'Guadagni: rank 1.48, marriages 4, triangles 0',
  ])
  expect(app.output('print-2').elements[1]).toEqual([
    ['0 from the Medici', 1],
    ['1 from the Medici', 6],
    ['2 from the Medici', 5],
    ['3 from the Medici', 3],
  ])
})
