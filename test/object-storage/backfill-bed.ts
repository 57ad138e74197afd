/** A bucket full of old objects, and an application that reads it from its beginning. */
import { seconds, stream } from 'millrace'
import { driverFunction } from '../../functions/driver-function.ts'
import { memoryItemStore } from '../../lib/adapters/memory/memory-item-store.ts'
import { memoryObjectStore } from '../../lib/adapters/memory/memory-object-store.ts'
import type { ItemStore } from '../../lib/ports/item-store.ts'
import type { ObjectStore } from '../../lib/ports/object-store.ts'
import { readOverview } from '../../lib/runtime/operations/status.ts'

const START_MS = 1_700_000_000_000
const YEAR_MS = 365 * 86_400_000

/** How often calls were made. */
export type Counts = Record<string, number>

/** Counts calls of a port, and the items of calls that have several. */
const counted = <T extends object>(port: T, counts: Counts): T =>
  Object.fromEntries(
    Object.entries(port).map(([name, value]) => [
      name,
      typeof value !== 'function'
        ? value
        : (...given: readonly unknown[]): unknown => {
            const [first] = given
            counts[name] = (counts[name] ?? 0) + (Array.isArray(first) ? first.length : 1)
            return Reflect.apply(value as () => unknown, port, given)
          },
    ]),
  ) as T

/** A bucket with objects of a year, and an application that reads it from its beginning. */
export const bed = async (objects: number) => {
  const counts: Counts = {}
  const bucket = memoryObjectStore()
  for (let index = 0; index < objects; index++)
    bucket.write(`in/${index}`, Buffer.from(`${index}\n`), START_MS - (index % 365) * 86_400_000)
  const store: ItemStore = memoryItemStore()
  let nowMs = START_MS + YEAR_MS
  const log: Record<string, unknown>[] = []
  let lines = 0
  let sum = 0
  const pipeline = stream('app', { batchInterval: seconds(1), limits: { objects: 1_000 } }, (ssc) =>
    ssc
      .textFileStream('lines', { existing: 'all' })
      .named('lines')
      .foreachRDD(async (rdd) => {
        for (const line of await rdd.collect()) {
          lines += 1
          sum += Number(line)
        }
      }),
  )
  const driver = await driverFunction({
    pipeline,
    environment: {
      table: 'table',
      blocks: undefined,
      triggers: 'queue',
      sources: new Map([['lines', { kind: 'objects', bucket: 'b', prefix: 'in/' } as never]]),
      outputs: new Map(),
      generation: 1,
      timeoutMs: 60_000,
      executors: [],
      parallelism: 1,
    },
    ports: {
      store: counted(store, counts),
      clock: { now: () => nowMs, sleep: async () => undefined },
      randomness: { attemptId: () => `attempt${nowMs}` },
      scheduleTriggers: async () => undefined,
      sources: { objects: { open: async () => counted<ObjectStore>(bucket, counts) } },
      sinks: {},
      write: (line) => void log.push(JSON.parse(line) as Record<string, unknown>),
    },
  })
  const call = async (): Promise<void> => {
    await driver(
      { Records: [{ body: JSON.stringify({ app: 'app' }) }] },
      { getRemainingTimeInMillis: () => 60_000 },
    )
    nowMs += 1_000
  }
  return {
    counts,
    bucket,
    log,
    call,
    pass: (ms: number) => void (nowMs += ms),
    now: () => nowMs,
    seen: () => ({ lines, sum }),
    overview: () => readOverview(store, 'app', nowMs),
  }
}

/** The sum of what all lines hold. */
export const sumUpTo = (count: number): number => (count * (count - 1)) / 2

/** Calls until all is read. */
export const readAll = async (
  app: Awaited<ReturnType<typeof bed>>,
  objects: number,
): Promise<void> => {
  for (let calls = 0; app.seen().lines < objects && calls < objects; calls++) await app.call()
}

/** Requests for each object, in thousandths. */
export const perObject = (counts: Counts, objects: number): Counts =>
  Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [name, Math.round((count * 1_000) / objects)]),
  )
