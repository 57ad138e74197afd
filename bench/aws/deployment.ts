/**
 * The pipeline as it is deployed: both handlers over the adapters of AWS, one shard, and a clock
 * that the caller moves.
 */
import { milliseconds, type Pipeline } from 'millrace'
import { driverFunction } from '../../functions/driver-function.ts'
import type { DriverEnvironment } from '../../functions/driver-environment.ts'
import { intakeFunction } from '../../functions/intake-function.ts'
import type { DriverPorts } from '../../functions/ports.ts'
import { triggerQueue } from '../../functions/trigger-queue.ts'
import { dynamodbItemStore } from '../../lib/adapters/aws/dynamodb-item-store.ts'
import { s3BlobStore } from '../../lib/adapters/aws/s3-blob-store.ts'
import { s3Sink } from '../../lib/adapters/aws/s3-sink.ts'
import { withBlobs } from '../../lib/adapters/blob-item-store.ts'
import type { ItemStore } from '../../lib/ports/item-store.ts'
import type { UsageMeter } from '../../lib/ports/meter.ts'
import type { SinkPorts } from '../../lib/runtime/sinks/sink-ports.ts'
import type { KinesisEvent } from '../../lib/runtime/sources/kinesis/event.ts'
import { clickEvent, STREAM } from './clicks.ts'
import type { Clients } from './clients.ts'
import { pageCounts } from './page-counts.ts'
import { CREATED_MS } from './services.ts'

/** The id of the source. */
export const SOURCE = 'kinesisTextStream-1'
const TIMEOUT_MS = 90_000
/** Attempt ids have 24 characters, as in production. */
const ATTEMPT_DIGITS = 24

/** A time that the caller moves. */
export interface ManualTime {
  nowMs: number
}

/** The two functions. */
export interface DeployedExample {
  /** Calls intake with an event of the stream with this many records. */
  intake(records: number): Promise<void>
  /**
   * Calls the driver with the trigger of a batch time. Without one: with the trigger of every
   * minute.
   */
  driver(atMs?: number): Promise<void>
}

/** What is deployed, and where. */
export interface Deployment {
  readonly pipeline: Pipeline
  readonly clients: Clients
  readonly time: ManualTime
  readonly queueUrl?: string
  /** Default: the table `clicks` and the bucket `blocks`, with their real adapters. */
  readonly store?: ItemStore
  /** Counts what the functions use, and has them say it. Default: nothing is counted. */
  readonly meter?: UsageMeter
  /** Takes each line of the log. */
  readonly write?: (line: string) => void
  /** Sinks of the pipeline beside buckets. */
  readonly sinks?: SinkPorts
  /** Makes attempt ids. Give it where two processes share a store: no two may be equal. */
  readonly attemptId?: () => string
}

/** The two functions, for events of the caller. */
export interface Deployed {
  intake(event: KinesisEvent): Promise<void>
  /** See {@link DeployedExample.driver}. */
  driver(atMs?: number): Promise<void>
}

/** Attempt ids, the same in each run. */
export const attemptIds = (): (() => string) => {
  let attempts = 0
  return () => String(++attempts).padStart(ATTEMPT_DIGITS, 'a')
}

/** Composes the two functions of a pipeline that reads one stream. */
export const deploy = ({
  pipeline,
  clients,
  time,
  queueUrl = 'http://127.0.0.1:9/triggers',
  store = withBlobs(
    dynamodbItemStore({ table: 'clicks', client: clients.dynamodb }),
    s3BlobStore({ bucket: 'blocks', client: clients.s3 }),
  ),
  meter,
  write = () => undefined,
  sinks,
  attemptId = attemptIds(),
}: Deployment): Deployed => {
  const clock = {
    now: () => time.nowMs,
    sleep: async (ms: number) => void (time.nowMs += ms),
  }
  const randomness = { attemptId }
  const ports: DriverPorts = {
    store,
    clock,
    randomness,
    scheduleTriggers: triggerQueue({ client: clients.sqs, queueUrl, now: clock.now }),
    sources: { kinesis: { createdMs: async () => CREATED_MS } },
    sinks: { objects: async (bucket) => s3Sink({ bucket, client: clients.s3 }), ...sinks },
    write,
  }
  const environment: DriverEnvironment = {
    table: 'clicks',
    blocks: 'blocks',
    triggers: queueUrl,
    sources: new Map([[SOURCE, { kind: 'kinesis', streamArn: STREAM }]]),
    outputs: new Map(),
    generation: 1,
    timeoutMs: TIMEOUT_MS,
    executors: [],
    parallelism: 1,
  }
  const parts = { pipeline, environment, ports }
  const intake = intakeFunction({ ...parts, ...(meter === undefined ? {} : { meter }) })
  const driver = driverFunction({
    ...parts,
    ...(meter === undefined ? {} : { takeUsage: () => meter.take() }),
  })

  return {
    intake: async (event) => void (await intake(event)),
    async driver(atMs): Promise<void> {
      const app = pipeline.name
      const trigger = atMs === undefined ? { app, scheduleMinute: true } : { app, atMs }
      const event = { Records: [{ body: JSON.stringify(trigger) }] }
      await (
        await driver
      )(event, { getRemainingTimeInMillis: () => TIMEOUT_MS })
    },
  }
}

/** Deploys the example with a batch interval. */
export const deployExample = (
  clients: Clients,
  time: ManualTime,
  intervalMs: number,
  queueUrl?: string,
): DeployedExample => {
  const app = deploy({
    pipeline: pageCounts(milliseconds(intervalMs)),
    clients,
    time,
    ...(queueUrl === undefined ? {} : { queueUrl }),
  })
  let taken = 0
  return {
    async intake(records): Promise<void> {
      const event = clickEvent(taken, records, time.nowMs)
      taken += records
      await app.intake(event)
    },
    driver: (atMs) => app.driver(atMs),
  }
}
