/**
 * Runs a pipeline in this process: the real driver with a store in memory, and a clock that moves
 * one interval for each batch.
 */
import { memoryItemStore } from '../lib/adapters/memory/memory-item-store.ts'
import { printSink } from '../lib/adapters/print-sink.ts'
import type { Queue } from '../lib/dstream/sources/queue.ts'
import { seconds, stream, type DStream } from 'millrace'
import { compose } from '../lib/runtime/compose.ts'
import { Driver } from '../lib/runtime/driver/driver.ts'

const INTERVAL_MS = 1_000
const ZERO_MS = 1_700_000_000_000

/** A pipeline whose batches run when the caller asks. */
export interface PipelineBed {
  /** Runs one batch over these lines, from its batch time to its commit. */
  run(lines?: readonly string[]): Promise<void>
}

/**
 * Creates a pipeline over batches of lines. A batch runs at every batch time, also without lines.
 */
export const pipelineBed = (
  name: string,
  describe: (lines: DStream<string>) => void,
): PipelineBed => {
  const queue: Queue<string> = []
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
      store: memoryItemStore(),
      clock: { now: () => nowMs, sleep: async () => undefined },
      randomness: { attemptId: () => `attempt${++attempts}` },
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
    async run(lines?: readonly string[]): Promise<void> {
      await started
      if (lines !== undefined) queue.push(lines)
      nowMs += INTERVAL_MS
      const outcome = await (await driver).run()
      if (outcome.kind !== 'idle')
        throw new Error(`the batch did not run: ${JSON.stringify(outcome)}`)
    },
  }
}
