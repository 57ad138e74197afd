/** B4, for tables: whatever the order of attempts, a table holds the newest value of each key. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { dynamodbTableSink } from '../../lib/adapters/aws/dynamodb-table-sink.ts'
import { memoryTable } from '../../lib/adapters/memory/memory-table.ts'
import { type ItemStamp, latestOfEachKey } from '../../lib/adapters/table-layout.ts'
import type { TableItem } from '../../lib/base/table-item.ts'
import type { Sink } from '../../lib/ports/sink.ts'
import { fakeTable } from './fake-table.ts'
import { type Gate, type GatedTable, problemsOf, type SeenItem } from './table-history.ts'

const seeds = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => index + 1)

/** Each call of the client waits: the puts of a partition are apart, in any order. */
const dynamodb = (): GatedTable => {
  const { client, rows } = fakeTable()
  const gated = (gate: Gate, countPuts: (count: number) => void): Pick<DynamoDBClient, 'send'> => ({
    send: ((command: Parameters<DynamoDBClient['send']>[0]) => {
      countPuts(1)
      return gate(() => client.send(command))
    }) as DynamoDBClient['send'],
  })
  return {
    sink: (gate, countPuts) =>
      dynamodbTableSink({ table: 'totals', client: gated(gate, countPuts) }),
    items: () =>
      new Map(
        [...rows].map(([key, { value, batchTime, app, generation, epoch }]) => [
          key,
          {
            value: value?.S,
            batchTime: Number(batchTime?.N),
            app: String(app?.S),
            generation: Number(generation?.N),
            epoch: Number(epoch?.N),
          },
        ]),
      ),
  }
}

/** Each partition waits. */
const gatedPartitions = (
  sink: Sink<readonly TableItem[]>,
  gate: Gate,
  countPuts: (count: number) => void,
): Sink<readonly TableItem[]> => ({
  ...sink,
  async open(batch, fence) {
    const opened = await sink.open(batch, fence)
    return {
      ...opened,
      write(partition, items) {
        countPuts(latestOfEachKey(items).length)
        return gate(() => opened.write(partition, items))
      },
    }
  },
})

const memory = (): GatedTable => {
  const table = memoryTable()
  return {
    sink: (gate, countPuts) => gatedPartitions(table, gate, countPuts),
    items: () => table.items() as ReadonlyMap<string, SeenItem>,
  }
}

/** A table that looks at a part of the stamp only, to see that histories find it. */
const careless = (mayReplace: (there: ItemStamp, by: ItemStamp) => boolean) => (): GatedTable => {
  const stored = new Map<string, SeenItem>()
  const sink: Sink<readonly TableItem[]> = {
    description: 'a careless table',
    async open({ timeMs }, fence) {
      const stamp = { ...fence, batchTime: timeMs }
      return {
        async write(_, items) {
          for (const { key, value } of items) {
            const there = stored.get(key)
            if (there === undefined || mayReplace(there, stamp))
              stored.set(key, { value, ...stamp })
          }
        },
        finish: async () => undefined,
        abandon: async () => undefined,
      }
    },
  }
  return {
    sink: (gate, countPuts) => gatedPartitions(sink, gate, countPuts),
    items: () => new Map(stored),
  }
}

test.each<[string, number, () => GatedTable]>([
  ['in memory', 300, memory],
  ['of DynamoDB', 30, dynamodb],
])('a table %s holds the newest value of each key: %d histories', async (_, count, open) => {
  const found = await Promise.all(
    seeds(count).map(async (seed) => ({ seed, problems: await problemsOf(seed, open()) })),
  )
  expect(found.filter(({ problems }) => problems.length > 0)).toEqual([])
})

test.each<[string, () => GatedTable]>([
  ['without a fence', careless(() => true)],
  ['that knows the batch time alone', careless((there, by) => there.batchTime <= by.batchTime)],
  ['that knows the epoch alone, and the other way round', careless((a, b) => a.epoch >= b.epoch)],
  ['that replaces nothing', careless(() => false)],
])('a table %s is found', async (_, open) => {
  const found = await Promise.all(seeds(100).map((seed) => problemsOf(seed, open())))
  expect(found.filter((problems) => problems.length > 0).length).toBeGreaterThan(10)
})
