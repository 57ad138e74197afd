/** The pipeline as it is deployed: both handlers over the adapters of AWS, one shard, and time that is moved by hand. */
import { pageCounts } from './page-counts.ts'
import { milliseconds } from 'millrace'
import { dynamodbItemStore } from '../../lib/adapters/aws/dynamodb-item-store.ts'
import { s3BlobStore } from '../../lib/adapters/aws/s3-blob-store.ts'
import { s3OutputFiles } from '../../lib/adapters/aws/s3-output-files.ts'
import { withBlobs } from '../../lib/adapters/blob-item-store.ts'
import { tickQueue } from '../../functions/tick-queue.ts'
import { bucketPlace } from '../../functions/outputs.ts'
import { kinesisDeliveries } from '../../lib/runtime/kinesis/event.ts'
import { driverHandler, type DriverHandler } from '../../lib/runtime/serverless/driver-handler.ts'
import { intakeHandler, type IntakeHandler } from '../../lib/runtime/serverless/intake-handler.ts'
import { laneSource } from '../../lib/runtime/sources/lane-source.ts'
import type { BatchSource } from '../../lib/runtime/sources/batch-source.ts'
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
  const clock = { now: () => moments.nowMs, sleep: async (ms: number) => void (moments.nowMs += ms) }
  const randomness = { attemptId: () => String(++attempts).padStart(ATTEMPT_DIGITS, 'a') }
  const store = withBlobs(
    dynamodbItemStore({ table: 'clicks', client: clients.dynamodb }),
    s3BlobStore({ bucket: 'blocks', client: clients.s3 }),
  )
  const wind = tickQueue({ client: clients.sqs, queueUrl, now: clock.now })
  const files = s3OutputFiles({ bucket: 'results', client: clients.s3 })
  const outputs = {
    print: (): void => undefined,
    saveText: (path: string, parts: readonly Uint8Array[], fence: Parameters<typeof files.writeParts>[2]) =>
      files.writeParts(bucketPlace(path, new Map()).path, parts, fence),
  }
  const intake: IntakeHandler = intakeHandler({ plan, store, clock, randomness, wind })
  const sources = new Map([[SOURCE, laneSource({ store, app, source: SOURCE }) as BatchSource]])
  const heads = new HeadStore(store, app)
  const runner = { plan, app, generation: 1, store, heads, clock, randomness, sources, outputs, listen: () => undefined }
  const driver: DriverHandler = driverHandler({ runner, timeoutMs: TIMEOUT_MS, wind })
  let taken = 0

  return {
    async intake(records): Promise<void> {
      const event = clickEvent(taken, records, moments.nowMs)
      taken += records
      const deliveries = kinesisDeliveries(event, { source: SOURCE, elements: 'text', createdMs: CREATED_MS })
      await intake(deliveries.map((delivery) => ({ source: SOURCE, delivery })))
    },
    async driver(atMs): Promise<void> {
      await driver({ ticks: [atMs === undefined ? { app, wind: true } : { app, atMs }], remainingMs: () => TIMEOUT_MS })
    },
  }
}
