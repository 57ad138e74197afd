/**
 * The cold start with a large state: a new process reads all of it before its first batch. It is
 * compared with a bare loop that decompresses the same keys and values and fills a `Map`. The bare
 * loop has a format of its own (a length, the key, a number), so it does not follow what Millrace
 * stores. Both use zstd at the same level.
 *
 * The cold start is the time of the first batch of a new driver, less that of the next batch, which
 * is warm and has as many records. The store is in memory: no time of a network is in it.
 */
import { type Duration, type Pipeline, type State, StateSpec, stream } from 'millrace'
import { GCProfiler } from 'node:v8'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { memoryItemStore } from '../../lib/adapters/memory/memory-item-store.ts'
import { collectGarbage } from '../measure.ts'
import { median } from '../statistics.ts'
import { type CostProgram, type Measured, short } from './figure.ts'
import { ShardedApp } from './sharded-app.ts'

const KEYS = 1_000_000
const FILL_EVENT = 100_000
/** Batches after the fill, each with so many changed keys: a state in use has several segments. */
const DELTAS = 12
const DELTA_KEYS = 1_000
const RECORDS = 10
const ROUNDS = 5
const MB = 1_048_576

const keyOf = (n: number): string => `user-${n % KEYS}`

const totals = (batchInterval: Duration): Pipeline =>
  stream('cold', { batchInterval }, (ssc) =>
    ssc
      .kinesisTextStream('visits')
      .mapToPair((line) => [line, 1])
      .mapWithState(
        StateSpec.function((_key: string, one: number | undefined, state: State<number>) => {
          state.update((state.getOption() ?? 0) + (one ?? 0))
        }),
      )
      .foreachRDD(() => undefined),
  )

const fill = async (): Promise<ShardedApp> => {
  const app = new ShardedApp({
    intervalS: 1,
    pipeline: totals,
    store: memoryItemStore(),
    lineOf: keyOf,
  })
  await app.start()
  for (let filled = 0; filled < KEYS; filled += FILL_EVENT) {
    await app.intake(0, FILL_EVENT)
    await app.batch()
  }
  for (let batch = 0; batch < DELTAS; batch++) {
    await app.intake(0, DELTA_KEYS)
    await app.batch()
  }
  return app
}

/** The time of the processor: it does not count the other work of the machine. */
const timed = async (action: () => unknown): Promise<number> => {
  const start = process.cpuUsage()
  await action()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1_000
}

/** The same keys and values in the simplest form. */
const bareBytes = (): Uint8Array => {
  const bytes = Buffer.alloc(KEYS * 20)
  let at = 0
  for (let n = 0; n < KEYS; n++) {
    const length = bytes.write(keyOf(n), at + 1, 'latin1')
    bytes[at] = length
    at = bytes.writeUInt32LE(n % 7, at + 1 + length)
  }
  return zstdCompressSync(bytes.subarray(0, at), {
    params: { [constants.ZSTD_c_compressionLevel]: 3 },
  })
}

/** The bare loop. */
const bareMap = (stored: Uint8Array): Map<string, number> => {
  const bytes = zstdDecompressSync(stored)
  const found = new Map<string, number>()
  for (let at = 0; at < bytes.byteLength;) {
    const end = at + 1 + (bytes[at] ?? 0)
    found.set(bytes.toString('latin1', at + 1, end), bytes.readUInt32LE(end))
    at = end + 4
  }
  return found
}

/** The largest heap that full collections left while something ran, and at its end. */
const heapOf = async (action: () => Promise<void>): Promise<number> => {
  collectGarbage()
  const profiler = new GCProfiler()
  profiler.start()
  await action()
  collectGarbage()
  const { statistics } = profiler.stop()
  const live = statistics
    .filter(({ gcType }) => gcType === 'MarkSweepCompact')
    .map(({ afterGC }) => afterGC.heapStatistics.usedHeapSize)
  return Math.max(process.memoryUsage().heapUsed, ...live)
}

/** The figures of a cold start. */
export const coldState: CostProgram = {
  figures: [
    {
      name: 'cold-start-ratio',
      what: 'cold start with 1 million keys to a bare decompress-and-fill-Map loop',
      unit: 'ratio',
      target: 1.5,
    },
    {
      name: 'cold-start-heap-mb',
      what: 'heap of the cold start',
      unit: 'MB',
      target: 350,
    },
  ],
  async measure(): Promise<readonly Measured[]> {
    const app = await fill()
    const stored = bareBytes()
    const batch = async (): Promise<void> => {
      await app.intake(0, RECORDS)
      await app.batch()
    }
    const [cold, bare]: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      app.restart()
      collectGarbage()
      const first = await timed(batch)
      collectGarbage()
      cold.push(first - (await timed(batch)))
      collectGarbage()
      bare.push(await timed(() => bareMap(stored)))
    }
    app.restart()
    const heap = await heapOf(batch)
    return [
      {
        // The least is what the work takes. Caches that are shared with others make it longer.
        value: Math.min(...cold) / Math.min(...bare),
        note:
          `processor time, the best of ${ROUNDS} rounds: ${short(Math.min(...cold))} and ` +
          `${short(Math.min(...bare))} ms; medians ${short(median(cold))} and ` +
          `${short(median(bare))} ms`,
      },
      {
        value: heap / MB,
        note: 'the most that a full collection left of the whole heap, with the code',
      },
    ]
  },
}
