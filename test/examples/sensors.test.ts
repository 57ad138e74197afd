import { seconds } from 'millrace'
import { testStream } from 'millrace/testing'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import sensors from '../../examples/sensors.ts'

const day = readFileSync(join(import.meta.dirname, '../../examples/sensors/2026-11-30.csv'), 'utf8')

test('a day of readings has three climates, medians, and what is unusual', async () => {
  const app = await testStream(sensors, { now: new Date(0) })
  app.input('readings').addFile('2026-11-30.csv', day)
  await app.advance(seconds(10))
  expect(app.output('print-1').elements).toEqual([
    [
      [0, 143],
      [1, 145],
      [2, 144],
    ],
  ])
  expect(app.output('print-2').elements).toEqual([
    [
      ['cellar', '12.0'],
      ['kitchen', '20.5'],
      ['servers', '26.1'],
    ],
  ])
  expect(app.output('print-3').elements[0]?.slice(0, 2)).toEqual([
    'cellar: 85 instead of 11.8',
    'servers: 29.5 instead of 25.9',
  ])
})
