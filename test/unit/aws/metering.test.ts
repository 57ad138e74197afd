/**
 * The meter of the product against the services in memory of the benchmarks, which count the units
 * of a table by themselves, by the published rules.
 */
import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { beforeEach, describe, expect, test } from 'vitest'
import { clientsOf, type Clients } from '../../../bench/aws/clients.ts'
import { deployExample } from '../../../bench/aws/deployment.ts'
import { type CountedCall, Services } from '../../../bench/aws/services.ts'
import { dynamodbItemStore } from '../../../lib/adapters/aws/dynamodb-item-store.ts'
import { meterDynamodb, meterS3, meterSqs } from '../../../lib/adapters/aws/metering.ts'
import { s3BlobStore } from '../../../lib/adapters/aws/s3-blob-store.ts'
import { sendMessages } from '../../../lib/adapters/aws/sqs-queue.ts'
import type { Usage } from '../../../lib/base/prices.ts'
import type { ItemStore } from '../../../lib/ports/item-store.ts'
import { type UsageMeter, usageMeter } from '../../../lib/ports/meter.ts'

const NOW_MS = 1_700_000_000_000
const KB = 1_024

let services: Services
let clients: Clients
let meter: UsageMeter
let store: ItemStore
const time = { nowMs: NOW_MS }

beforeEach(() => {
  services = new Services()
  time.nowMs = NOW_MS
  clients = clientsOf(services, () => time.nowMs)
  meter = usageMeter()
  meterDynamodb(clients.dynamodb, meter)
  meterS3(clients.s3, meter)
  meterSqs(clients.sqs, meter)
  store = dynamodbItemStore({ table: 'clicks', client: clients.dynamodb })
})

/** What the services counted, in the words of the meter. Left out: what is 0. */
const usageOf = (calls: readonly CountedCall[]): Usage => {
  const sum = (of: (call: CountedCall) => number): number =>
    calls.reduce((total, call) => total + of(call), 0)
  const isWrite = (action: string): boolean => action === 'PutObject' || action === 'ListObjectsV2'
  const isRead = (action: string): boolean => action === 'GetObject' || action === 'HeadObject'
  const counts = {
    writeUnits: sum(({ writeUnits }) => writeUnits),
    readUnits: sum(({ readUnits }) => readUnits),
    objectWrites: sum(({ action }) => (isWrite(action) ? 1 : 0)),
    objectReads: sum(({ action }) => (isRead(action) ? 1 : 0)),
    queueRequests: sum(({ service }) => (service === 'sqs' ? 1 : 0)),
  }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}

const KEY = { partition: 'p', sort: 's' }
const bytes = (size: number): Uint8Array => new Uint8Array(size).fill(7)

interface Row {
  readonly name: string
  readonly before?: () => Promise<unknown>
  readonly call: () => Promise<unknown>
  readonly used: Usage
}

const blobs = () => s3BlobStore({ bucket: 'blocks', client: clients.s3 })
const rows: readonly Row[] = [
  {
    name: 'an item below 1 KB',
    call: () => store.put(KEY, { bytes: bytes(10) }),
    used: { writeUnits: 1 },
  },
  {
    name: 'an item a little above 2 KB',
    call: () => store.put(KEY, { bytes: bytes(2 * KB) }),
    used: { writeUnits: 3 },
  },
  {
    name: 'a small item in place of a large one',
    before: () => store.put(KEY, { bytes: bytes(5 * KB) }),
    call: () => store.put(KEY, { bytes: bytes(1) }),
    used: { writeUnits: 6 },
  },
  {
    name: 'a delete',
    before: () => store.put(KEY, { bytes: bytes(5 * KB) }),
    call: () => store.deleteAll([KEY]),
    used: { writeUnits: 6 },
  },
  {
    name: 'a delete of nothing',
    call: () => store.deleteAll([KEY]),
    used: { writeUnits: 1 },
  },
  {
    name: 'many items, each by itself',
    call: () =>
      store.putAll(
        Array.from({ length: 60 }, (_, n) => ({ ...KEY, sort: `${n}`, item: { n: 1 } })),
      ),
    used: { writeUnits: 60 },
  },
  {
    name: 'a compare-and-set',
    before: () => store.put(KEY, { n: 1 }),
    call: () => store.compareAndSet(KEY, { n: 1 }, { n: 2 }),
    used: { writeUnits: 1 },
  },
  {
    name: 'a refused compare-and-set: the stored item counts',
    before: () => store.put(KEY, { n: 1, text: 'x'.repeat(3 * KB) }),
    call: () => store.compareAndSet(KEY, { n: 2 }, { n: 3 }),
    used: { writeUnits: 4 },
  },
  {
    name: 'a refused compare-and-set: bytes count too',
    before: () => store.put(KEY, { n: 1, bytes: bytes(3 * KB) }),
    call: () => store.compareAndSet(KEY, { n: 2 }, { n: 3 }),
    used: { writeUnits: 4 },
  },
  {
    name: 'a refused put of an item that is not shown',
    before: () => store.put(KEY, { n: 1 }),
    call: async () => {
      const call = clients.dynamodb.send(
        new PutItemCommand({
          TableName: 'clicks',
          Item: { pk: { S: 'p' }, sk: { S: 's' } },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      )
      await expect(call).rejects.toThrow(ConditionalCheckFailedException)
    },
    used: { writeUnits: 1 },
  },
  { name: 'a read of nothing', call: () => store.get(KEY), used: { readUnits: 1 } },
  {
    name: 'a read above 8 KB',
    before: () => store.put(KEY, { bytes: bytes(8 * KB) }),
    call: () => store.get(KEY),
    used: { readUnits: 3 },
  },
  {
    name: 'a query: the sum counts',
    before: () =>
      store.putAll(
        Array.from({ length: 9 }, (_, n) => ({ ...KEY, sort: `${n}`, item: { b: bytes(1_000) } })),
      ),
    call: () => store.query('p'),
    used: { readUnits: 3 },
  },
  {
    name: 'an object',
    call: () => blobs().put('a', bytes(100_000)),
    used: { objectWrites: 1 },
  },
  {
    name: 'an object that is read, and deleted',
    before: () => blobs().put('a', bytes(100_000)),
    call: async () => {
      await blobs().get('a')
      await blobs().deleteAll(['a'])
    },
    used: { objectReads: 1 },
  },
  {
    name: 'an object that is not there',
    call: async () => {
      const named = { Bucket: 'blocks', Key: 'a' }
      await expect(clients.s3.send(new GetObjectCommand(named))).rejects.toThrow()
      await expect(clients.s3.send(new HeadObjectCommand(named))).rejects.toThrow()
    },
    used: { objectReads: 2 },
  },
  {
    name: 'twenty messages, ten in a request',
    call: () =>
      sendMessages(
        'http://127.0.0.1:9/triggers',
        Array.from({ length: 20 }, () => ({ text: '{}', delayS: 0 })),
        clients.sqs,
      ),
    used: { queueRequests: 2 },
  },
]

describe('what a call uses', () => {
  test.each(rows)('$name', async ({ before, call, used }) => {
    await before?.()
    meter.take()
    services.takeCalls()
    await call()
    expect(meter.take()).toEqual(used)
    expect(usageOf(services.takeCalls())).toEqual(used)
  })

  test('a large request to a queue counts for each 64 KB', async () => {
    const message = { text: 'x'.repeat(150 * KB), delayS: 0 }
    await sendMessages('http://127.0.0.1:9/triggers', [message], clients.sqs)
    expect(meter.take()).toEqual({ queueRequests: 3 })
  })

  test('a deployed example uses in each batch what the services count', async () => {
    const app = deployExample(clients, time, 1_000)
    await app.driver()
    for (let batch = 0; batch < 12; batch++) {
      await app.intake(100)
      time.nowMs += 1_000
      await app.driver(time.nowMs)
      const usage = meter.take()
      expect(usage.writeUnits).toBeGreaterThan(8)
      expect(usage).toEqual(usageOf(services.takeCalls()))
    }
  })

  test('where nobody listens, a request does not ask for the report', async () => {
    const asked: boolean[] = []
    const answer = services.answer.bind(services)
    services.answer = (request, trip) => {
      asked.push(Buffer.from(request.body).includes('ReturnConsumedCapacity'))
      return answer(request, trip)
    }
    await store.get(KEY)
    const plain = clientsOf(services, () => NOW_MS).dynamodb
    await dynamodbItemStore({ table: 'clicks', client: plain }).get(KEY)
    expect(asked).toEqual([true, false])
  })
})
