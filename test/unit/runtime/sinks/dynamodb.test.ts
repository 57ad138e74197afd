import { stream, seconds } from 'millrace'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { memoryFiles } from '../../../../lib/adapters/memory/memory-files.ts'
import { memoryTable } from '../../../../lib/adapters/memory/memory-table.ts'
import { tableItems } from '../../../../lib/formats/table-items.ts'
import { text } from '../../../../lib/formats/text.ts'
import { bindPlan } from '../../../../lib/runtime/bindings.ts'
import { parseDeployedOutput, outputLocator } from '../../../../lib/runtime/sinks/deployed.ts'
import type { Location } from '../../../../lib/runtime/locations.ts'
import { outputsTo } from '../../../../lib/runtime/sinks/outputs.ts'
import type { SinkPorts } from '../../../../lib/runtime/sinks/sink-ports.ts'
import { expectError } from '../../../contract/errors.ts'
import { fenceOf } from '../../../contract/write-batch.ts'

const pipeline = stream('totals', { batchInterval: seconds(1) }, (ssc) =>
  ssc
    .queueStream<string>([])
    .mapToPair((word) => [word, 1])
    .reduceByKey((a, b) => a + b)
    .saveToTable('dynamodb://totals'),
)

/** A world with tables. Keeps the names with which they were opened. */
const tables = () => {
  const table = memoryTable()
  const opened: string[] = []
  const ports: SinkPorts = {
    dynamodb: async (name) => {
      opened.push(name)
      return table
    },
  }
  return { table, opened, ports }
}

describe('a deployed table', () => {
  const stored = { kind: 'dynamodb', table: 'Stack-Totals' }

  test.each<[string, unknown, unknown]>([
    ['a table', stored, stored],
    ['no name', { kind: 'dynamodb' }, undefined],
    ['an empty name', { kind: 'dynamodb', table: '' }, undefined],
    ['no text', { kind: 'dynamodb', table: 1 }, undefined],
  ])('is stored by its name: %s', (_, value, location) => {
    expect(parseDeployedOutput(value)).toEqual(location)
  })

  test.each<[string, ReadonlyMap<string, Location>, string]>([
    ['the binding of its name', new Map([['totals', stored]]), 'Stack-Totals'],
    ['literal without a binding', new Map(), 'totals'],
  ])('is %s', (_, outputs, table) => {
    const locate = outputLocator(outputs, tables().ports)
    expect(locate('dynamodb://totals/1000')).toEqual({ kind: 'dynamodb', table, path: '1000' })
  })

  test('takes the batches of an output, and is opened once', async () => {
    const { table, opened, ports } = tables()
    const outputs = outputsTo({ locate: outputLocator(new Map(), ports), ports })
    for (const [index, count] of [1, 2].entries()) {
      const timeMs = 1_000 * (index + 1)
      const target = { place: `dynamodb://totals/${timeMs}`, format: tableItems }
      const stamp = { timeMs, fence: fenceOf(1, index + 1) }
      await outputs.write(target, [[['to', count]], [[['be', 1], 1n]]], stamp)
    }
    const stamp = { batchTime: 2_000, app: 'app', generation: 1, epoch: 2 }
    expect(table.items()).toEqual(
      new Map([
        ['to', { key: 'to', value: 2, ...stamp }],
        ['["be",1]', { key: '["be",1]', value: { $bigint: '1' }, ...stamp }],
      ]),
    )
    expect(opened).toEqual(['totals'])
  })

  test.each<[string, readonly unknown[], typeof text, string]>([
    ['lines of text', ['a'], text, 'ARGUMENT_INVALID'],
    ['elements that are not pairs', ['a'], tableItems, 'ARGUMENT_INVALID'],
    ['pairs without a valid key', [[undefined, 1]], tableItems, 'KEY_UNSUPPORTED'],
  ])('does not take %s', async (_, elements, format, code) => {
    const { table, ports } = tables()
    const outputs = outputsTo({ locate: outputLocator(new Map(), ports), ports })
    const target = { place: 'dynamodb://totals/1000', format }
    const stamp = { timeMs: 1_000, fence: fenceOf(1, 1) }
    await expect(outputs.write(target, [[['a', 1]], elements], stamp)).rejects.toMatchObject({
      code,
    })
    expect(table.items().size).toBe(0)
  })
})

describe('on a machine without tables', () => {
  const bind = (...bindings: readonly string[]) =>
    bindPlan(pipeline.build(), {
      bindings,
      cwd: '/home/me',
      sources: {},
      sinks: { files: () => memoryFiles() },
    })

  test('the name is bound to a directory, and each batch has its own directory', () => {
    expect(bind('totals=./out').locateOutput('dynamodb://totals/1000')).toEqual({
      kind: 'files',
      directory: '/home/me/out',
      path: '1000',
    })
  })

  test('a name without a binding is refused, like that of a bucket', async () => {
    await expectError(() => bind(), 'BINDING_MISSING')
  })
})

test('under test, each batch is a directory of lines', async () => {
  const app = await testStream(
    stream('totals', { batchInterval: seconds(1) }, (ssc) =>
      ssc
        .textFileStream('lines')
        .mapToPair((word) => [word, 1])
        .reduceByKey((a, b) => a + b)
        .saveToTable('dynamodb://totals'),
    ),
    { now: new Date(0) },
  )
  app.input('lines').addFile('a.txt', 'to\nbe\nto\n')
  await app.advance(seconds(1))
  expect(app.output('saveToTable-1').batches).toHaveLength(1)
  expect(app.files).toEqual({
    'totals/1000/part-00000': '{"key":"be","value":1}\n{"key":"to","value":2}\n',
  })
})
