/**
 * The ports of both functions on AWS. `aws-sinks.ts` has those that only the driver needs. Each
 * client is made once in a process, and loaded when first needed: what a plan does not use costs
 * nothing at a cold start.
 */
import { once } from '../lib/adapters/aws/clients.ts'
import { dynamodbItemStore } from '../lib/adapters/aws/dynamodb-item-store.ts'
import { withBlobs } from '../lib/adapters/blob-item-store.ts'
import { systemClock } from '../lib/adapters/local/system-clock.ts'
import { systemRandomness } from '../lib/adapters/local/system-randomness.ts'
import { memoryInUse } from '../lib/adapters/local/system-memory.ts'
import type { BlobStore } from '../lib/ports/blob-store.ts'
import type { Environment } from './environment.ts'
import type { FunctionPorts } from './ports.ts'

const clock = systemClock()

/** The clock and the log of a deployed function. */
export const functionsLog: Pick<FunctionPorts, 'clock' | 'write'> = {
  clock,
  // Not the console: Lambda puts the time and the request before its lines, so they would not be
  // JSON any more.
  write: (line) => void process.stdout.write(`${line}\n`),
}

/** The ports that both deployed functions have. */
export const awsPorts = ({ table, blocks, triggers }: Environment): FunctionPorts => {
  const items = dynamodbItemStore({ table })
  const queue = once(async () =>
    (await import('./trigger-queue.ts')).sqsTriggerQueue(triggers, () => clock.now()),
  )
  return {
    store: blocks === undefined ? items : withBlobs(items, lazyBlobs(blocks)),
    ...functionsLog,
    randomness: systemRandomness(),
    memoryInUse,
    scheduleTriggers: async (given) => (await queue())(given),
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
const lazyBlobs = (bucket: string): BlobStore => {
  const blobs = once(async () =>
    (await import('../lib/adapters/aws/s3-blob-store.ts')).s3BlobStore({ bucket }),
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
