/** The pipeline as it is deployed: both handlers over the adapters of AWS, one shard, and time that is moved by hand. */
import { pageCounts } from './page-counts.ts'
import { milliseconds } from 'millrace'
import { dynamodbItemStore } from '../../lib/adapters/aws/dynamodb-item-store.ts'
import { s3BlobStore } from '../../lib/adapters/aws/s3-blob-store.ts'
import { s3OutputFiles } from '../../lib/adapters/aws/s3-output-files.ts'
import { withBlobs } from '../../lib/adapters/blob-item-store.ts'
import { triggerQueue } from '../../functions/trigger-queue.ts'
import { bucketPlace } from '../../functions/outputs.ts'
import { kinesisDeliveries } from '../../lib/runtime/sources/kinesis/event.ts'
import { driverHandler, type DriverHandler } from '../../lib/runtime/driver/driver-handler.ts'
import { intakeHandler, type IntakeHandler } from '../../lib/runtime/intake/intake-handler.ts'
import { lanesReader } from '../../lib/runtime/sources/lanes/reader.ts'
import type { SourceReader } from '../../lib/runtime/sources/source-reader.ts'
import { HeadStore } from '../../lib/state/head.ts'
import type { Clients } from './clients.ts'
import { clickEvent } from './clicks.ts'
import { CREATED_MS } from './services.ts'

/** The id of its source. */
export const SOURCE = 'kinesisTextStream-1'
const TIMEOUT_MS = 90_000
/** An attempt id as they are in production: 24 characters. */
const ATTEMPT_DIGITS = 24

/** Time that somebody else moves. */
export interface Moments {
  nowMs: number
}

/** The two functions. */
export interface DeployedExample {
  /** An event of the stream with so many records. */
  intake(records: number): Promise<void>
  /** A tick: for a batch time, or for the minute. */
  driver(atMs?: number): Promise<void>
}

/** Deploys the example with another batch interval. */
export const deployExample = (
  clients: Clients,
  moments: Moments,
  intervalMs: number,
  queueUrl = 'http://127.0.0.1:9/ticks',
): DeployedExample => {
  const plan = pageCounts(milliseconds(intervalMs)).build()
  const app = plan.name
  let attempts = 0
  const clock = {
    now: () => moments.nowMs,
    sleep: async (ms: number) => void (moments.nowMs += ms),
  }
  const randomness = { attemptId: () => String(++attempts).padStart(ATTEMPT_DIGITS, 'a') }
  const store = withBlobs(
    dynamodbItemStore({ table: 'clicks', client: clients.dynamodb }),
    s3BlobStore({ bucket: 'blocks', client: clients.s3 }),
  )
  const scheduleTriggers = triggerQueue({ client: clients.sqs, queueUrl, now: clock.now })
  const files = s3OutputFiles({ bucket: 'results', client: clients.s3 })
  const outputs = {
    print: (): void => undefined,
    saveText: (
      path: string,
      parts: readonly Uint8Array[],
      fence: Parameters<typeof files.writeParts>[2],
    ) => files.writeParts(bucketPlace(path, new Map()).path, parts, fence),
  }
  const intake: IntakeHandler = intakeHandler({ plan, store, clock, randomness, scheduleTriggers })
  const sources = new Map([[SOURCE, lanesReader({ store, app, source: SOURCE }) as SourceReader]])
  const heads = new HeadStore(store, app)
  const runner = {
    plan,
    app,
    generation: 1,
    store,
    heads,
    clock,
    randomness,
    sources,
    outputs,
    listen: () => undefined,
  }
  const driver: DriverHandler = driverHandler({ runner, timeoutMs: TIMEOUT_MS, scheduleTriggers })
  let taken = 0

  return {
    async intake(records): Promise<void> {
      const event = clickEvent(taken, records, moments.nowMs)
      taken += records
      const deliveries = kinesisDeliveries(event, {
        source: SOURCE,
        elements: 'text',
        createdMs: CREATED_MS,
      })
      await intake(deliveries.map((delivery) => ({ source: SOURCE, delivery })))
    },
    async driver(atMs): Promise<void> {
      await driver({
        triggers: [atMs === undefined ? { app, scheduleMinute: true } : { app, atMs }],
        remainingMs: () => TIMEOUT_MS,
      })
    },
  }
}
