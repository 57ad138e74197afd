/**
 * The ports of the functions on AWS. `aws-sinks.ts` has those that intake does not need. Each
 * client is made once in a process, and loaded when first needed: what a plan does not use costs
 * nothing at a cold start.
 */
import { once } from '../lib/adapters/aws/clients.ts'
import { dynamodbItemStore } from '../lib/adapters/aws/dynamodb-item-store.ts'
import { withBlobs } from '../lib/adapters/blob-item-store.ts'
import { systemClock } from '../lib/adapters/local/system-clock.ts'
import { systemRandomness } from '../lib/adapters/local/system-randomness.ts'
import { memoryInUse, memoryMb } from '../lib/adapters/local/system-memory.ts'
import { answersPrefix } from '../lib/base/answers-prefix.ts'
import type { BlobStore } from '../lib/ports/blob-store.ts'
import type { CommonEnvironment, Environment } from './environment.ts'
import type { CommonPorts, FunctionPorts } from './ports.ts'

const clock = systemClock()

/** The clock and the log of a deployed function. */
export const functionsLog: Pick<FunctionPorts, 'clock' | 'write' | 'logLevel'> = {
  clock,
  logLevel: process.env['AWS_LAMBDA_LOG_LEVEL'],
  // Not the console: Lambda puts the time and the request before its lines, so they would not be
  // JSON any more.
  write: (line) => void process.stdout.write(`${line}\n`),
}

/** The ports that intake and the driver have. */
export const awsPorts = (environment: Environment): FunctionPorts => {
  const queue = once(async () =>
    (await import('./trigger-queue.ts')).sqsTriggerQueue(environment.triggers, () => clock.now()),
  )
  return {
    ...awsCommonPorts(environment),
    scheduleTriggers: async (given) => (await queue())(given),
  }
}

/** Where large answers of executors go. Undefined: there is no bucket. */
export const awsAnswers = (blocks: string | undefined, app: string): BlobStore | undefined =>
  blocks === undefined ? undefined : lazyBlobs(blocks, answersPrefix(app))

/** The ports that all deployed functions have. */
export const awsCommonPorts = ({ table, blocks }: CommonEnvironment): CommonPorts => {
  const items = dynamodbItemStore({ table })
  return {
    store: blocks === undefined ? items : withBlobs(items, lazyBlobs(blocks)),
    ...functionsLog,
    randomness: systemRandomness(),
    memoryInUse,
    memoryMb: Number(process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? memoryMb()),
    sources: {
      objects: {
        open: async (bucket) =>
          (await import('../lib/adapters/aws/s3-object-store.ts')).s3ObjectStore({ bucket }),
      },
      kinesis: {
        reader: async () =>
          (await import('../lib/adapters/aws/kinesis-stream-reader.ts')).kinesisStreamReader(),
        createdMs: async (arn) =>
          (await import('../lib/adapters/aws/kinesis-streams.ts')).kinesisStreamCreatedMs(arn),
        retentionMs: async (arn) =>
          (await import('../lib/adapters/aws/kinesis-streams.ts')).kinesisStreamRetentionMs(arn),
      },
    },
  }
}

/**
 * Loads the bucket client when first needed. An application may have a bucket for large segments,
 * but only small ones, which are in the table.
 */
const lazyBlobs = (bucket: string, prefix = ''): BlobStore => {
  const blobs = once(async () =>
    (await import('../lib/adapters/aws/s3-blob-store.ts')).s3BlobStore({ bucket, prefix }),
  )
  return {
    put: async (name, bytes) => {
      // A copy, because the caller may change its bytes while the client is loaded.
      const own = new Uint8Array(bytes)
      await (await blobs()).put(name, own)
    },
    get: async (name) => (await blobs()).get(name),
    deleteAll: async (names) => (await blobs()).deleteAll(names),
  }
}
