import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seconds } from 'millrace'
import { testStream } from 'millrace/testing'
import { expect, test } from 'vitest'
import stock from '../../examples/stock.ts'
import { millrace, temporaryDirectory } from '../process/millrace.ts'

const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'stock.ts')

const imageOf = (product: string, count: number): object => ({
  product: { S: product },
  count: { N: String(count) },
})

const lineOf = (eventName: string, images: object): string =>
  JSON.stringify({ eventName, dynamodb: { Keys: { id: { S: '1' } }, ...images } })

test('on a laptop, files of records stand in for a table', async () => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'changes'))
  const lines = [
    lineOf('INSERT', { NewImage: imageOf('tea', 5) }),
    lineOf('MODIFY', { OldImage: imageOf('tea', 5), NewImage: imageOf('tea', 3) }),
    lineOf('INSERT', { NewImage: imageOf('milk', 1) }),
    lineOf('REMOVE', { OldImage: imageOf('milk', 1) }),
  ]
  const bound = ['--bind', 'orders=changes', '--bind', 'stock=out', '--state', 'state']
  const run = ['run', EXAMPLE, '--once', ...bound]
  // The first start comes before the file.
  expect(await millrace(directory, ...run)).toMatchObject({ exitCode: 0 })
  writeFileSync(join(directory, 'changes', 'a.json'), `${lines.join('\n')}\n`)
  const { exitCode, stdout } = await millrace(directory, ...run)
  expect(exitCode).toBe(0)
  expect(stdout).toContain('(tea,3)')
  expect(stdout).toContain('(milk,0)')
})

test('in a test, a change has plain values, and counts once', async () => {
  const app = await testStream(stock)
  const keys = { id: 1 }
  const ordered = { keys, newImage: { product: 'tea', count: 5 }, id: 'a' }
  const changed = { keys, oldImage: ordered.newImage, newImage: { product: 'tea', count: 2 } }
  app.input('orders').add(ordered, changed, ordered)
  await app.advance(seconds(1))
  expect(app.output('print-1').batches.at(-1)?.printed).toContain('(tea,2)')
})
