import { seconds } from 'millrace'
import { testStream } from 'millrace/testing'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import guard from '../../examples/guard.ts'
import { linesIn } from './run.ts'

test('what was sent, refused and not read is counted once', async () => {
  process.chdir(join(import.meta.dirname, '../..'))
  const app = await testStream(guard, { now: new Date(0) })
  const lines = linesIn('access-log', 'access.log')
  app.input('localhost:9999').add(...lines)
  await app.advance(seconds(10))
  await app.restart()
  app.input('localhost:9999').add('no line of a log')
  await app.advance(seconds(10))
  const isRead = (line: string): boolean => line.includes('HTTP')
  const good = lines.filter((line) => isRead(line) && !line.startsWith('10.0.0.9'))
  expect(await app.accumulators()).toEqual({
    'bytes-sent': good.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0),
    refused: lines.filter((line) => line.startsWith('10.0.0.9')).length,
    unread: [...lines.filter((line) => !isRead(line)), 'no line of a log'],
  })
})
