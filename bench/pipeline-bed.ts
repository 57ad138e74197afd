/**
 * Runs a pipeline in this process: the real driver over a store in memory, on a clock that is moved
 * by hand.
 */
import { memoryItemStore } from '../lib/adapters/memory/memory-item-store.ts'
import { printSink } from '../lib/adapters/print-sink.ts'
import type { Queue } from '../lib/dstream/sources/queue.ts'
import { seconds, stream, type DStream } from 'millrace'
import { compose } from '../lib/runtime/compose.ts'
import { Driver } from '../lib/runtime/driver/driver.ts'

const INTERVAL_MS = 1_000
const ZERO_MS = 1_700_000_000_000

/** A pipeline that waits for its next batch. */
export interface PipelineBed {
  /** Runs one batch over some lines, from the tick of the clock to its commit. */
  run(lines?: readonly string[]): Promise<void>
}

/** A pipeline over batches of lines. Every batch time runs, empty ones too. */
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

  // The first look makes the head: the first batch is one interval after it.
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
