/** An object of any size, made when it is asked for, and what reading it takes. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { seconds, stream } from 'millrace'
import { driverFunction } from '../../functions/driver-function.ts'
import { intakeFunction } from '../../functions/intake-function.ts'
import { s3ObjectStore } from '../../lib/adapters/aws/s3-object-store.ts'
import { type Content, SimulatedS3 } from './simulated-s3.ts'
import { simulatedSide, virtualWorld } from './simulated-side.ts'

const LINE_BYTES = 1 << 20

const READS_FOR_EACH_LOOK = 4

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Lines of a mebibyte. */
const linesOf = (sizeBytes: number): Content => ({
  sizeBytes,
  bytesIn(from, to) {
    const bytes = Buffer.alloc(to - from, 'x')
    for (let end = from + LINE_BYTES - 1 - (from % LINE_BYTES); end < to; end += LINE_BYTES)
      bytes[end - from] = 10
    return bytes
  },
})

/** What reading an object took. */
export interface LargeRead {
  readonly counts: readonly number[]
  readonly gets: number
  /** The largest answer. */
  readonly answerBytesMax: number
  /** By how much memory outside of the heap grew at most. */
  readonly grownBytes: number
}

/** Counts the lines of one large object, in one batch. */
export const readLarge = async (sizeBytes: number): Promise<LargeRead> => {
  const { now, advance, store, app } = virtualWorld()
  const s3 = new SimulatedS3(false, now)
  const counts: number[] = []
  const pipeline = stream(app, { batchInterval: seconds(1) }, (ssc) =>
    ssc
      .textFileStream('lines')
      .named('lines')
      .count()
      .foreachRDD(async (rdd) => {
        for (const count of await rdd.collect()) if (count > 0) counts.push(count)
      }),
  )
  const objects = s3ObjectStore({ bucket: s3.name, client: s3.client, now })
  let most = 0
  let reads = 0
  collectGarbage()
  const before = process.memoryUsage().arrayBuffers
  const watched: typeof objects = {
    ...objects,
    async read(object, range) {
      // What nothing holds any more does not count.
      if (reads++ % READS_FOR_EACH_LOOK === 0) collectGarbage()
      most = Math.max(most, process.memoryUsage().arrayBuffers)
      return objects.read(object, range)
    },
  }
  const ports = {
    store,
    clock: { now, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) },
    randomness: { attemptId: () => `attempt${now()}` },
    scheduleTriggers: async () => undefined,
    sources: { objects: { open: async () => watched } },
    sinks: {},
    write: () => undefined,
  }
  const environment = {
    table: 'table',
    blocks: undefined,
    triggers: 'queue',
    sources: new Map([
      ['lines', { kind: 'objects', bucket: s3.name, prefix: '', queueArn: 'q' } as never],
    ]),
    outputs: new Map(),
    generation: 1,
    timeoutMs: 60_000,
    executors: [],
    parallelism: 1,
  }
  const context = { getRemainingTimeInMillis: () => 60_000 }
  const parts = { pipeline, environment, ports }
  const side = simulatedSide(s3, now)
  s3.put('large', linesOf(sizeBytes), { modifiedMs: now() })
  side.tell('large')
  const Records = (await side.messages()).map((body) => ({
    messageId: 'm',
    eventSourceARN: 'q',
    body,
  }))
  await intakeFunction(parts)({ Records }, context)
  const driver = await driverFunction(parts)
  for (let calls = 0; calls < 3; calls++) {
    await driver({ Records: [{ body: JSON.stringify({ app }) }] }, context)
    advance(1_000)
  }
  const { answerBytesMax, calls } = s3
  return { counts, gets: calls['GET'] ?? 0, answerBytesMax, grownBytes: most - before }
}
