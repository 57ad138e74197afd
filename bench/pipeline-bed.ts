/**
 * Runs a pipeline in this process: the real driver, with a store in memory unless the caller gives
 * one, and a clock that moves one interval for each batch.
 */
import { memoryItemStore } from '../lib/adapters/memory/memory-item-store.ts'
import { printSink } from '../lib/adapters/print-sink.ts'
import type { ItemStore } from '../lib/ports/item-store.ts'
import type { Queue } from '../lib/dstream/sources/queue.ts'
import { seconds, stream, type DStream } from 'millrace'
import { compose } from '../lib/runtime/compose.ts'
import { Driver } from '../lib/runtime/driver/driver.ts'

const INTERVAL_MS = 1_000
const ZERO_MS = 1_700_000_000_000
const ATTEMPT_DIGITS = 24

/** A pipeline whose batches run when the caller asks. */
export interface PipelineBed<T = string> {
  /** Runs one batch over these elements, from its batch time to its commit. */
  run(elements?: readonly T[]): Promise<void>
}

/**
 * Creates a pipeline over batches of elements. A batch runs at every batch time, also without
 * elements. `storeAt` makes its store, whose answers have the time of the given clock.
 */
export const pipelineBed = <T = string>(
  name: string,
  describe: (elements: DStream<T>) => void,
  storeAt: (now: () => number) => ItemStore = () => memoryItemStore(),
): PipelineBed<T> => {
  const queue: Queue<T> = []
  const pipeline = stream(
    name,
    { batchInterval: seconds(INTERVAL_MS / 1_000), whenIdle: 'tick' },
    (ssc) => describe(ssc.queueStream(queue)),
  )
  const plan = pipeline.build()
  let nowMs = ZERO_MS
  let attempts = 0
  const composed = compose({
    plan,
    generation: 1,
    ports: {
      store: storeAt(() => nowMs),
      clock: { now: () => nowMs, sleep: async () => undefined },
      // As long as in production.
      randomness: { attemptId: () => String(++attempts).padStart(ATTEMPT_DIGITS, 'a') },
      sources: {},
      sinks: { print: printSink({ print: () => undefined }) },
    },
    locations: new Map(plan.sources.map(({ id }) => [id, { kind: 'queue' }])),
    locateOutput: () => ({ kind: 'print', path: '' }),
    listen: () => undefined,
    leaseMs: 0,
  })
  const driver = composed.then(({ runner }) => new Driver(runner))

  // The first run creates the head. The first batch is one interval later.
  const started = driver.then((one) => one.run())

  return {
    async run(elements?: readonly T[]): Promise<void> {
      await started
      if (elements !== undefined) queue.push(elements)
      nowMs += INTERVAL_MS
      const outcome = await (await driver).run()
      if (outcome.kind !== 'idle')
        throw new Error(`the batch did not run: ${JSON.stringify(outcome)}`)
    },
  }
}
