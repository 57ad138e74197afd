/**
 * How long the services of AWS take, as this benchmark assumes. Each answer takes a time between
 * two bounds, drawn from a seed. `source` says where the bounds come from.
 */
import { seededRandom } from '../../lib/base/seeded.ts'

/** What takes time. */
export type Wait =
  | 'tableItem'
  | 'tableItems'
  | 'object'
  | 'queueSend'
  | 'queueDeliver'
  | 'invokeWarm'
  | 'invokeCold'
  | 'poll'

/** The bounds of a wait, in milliseconds. */
export interface Bounds {
  readonly fromMs: number
  readonly toMs: number
  readonly source: string
}

/** The stated model. */
export const LATENCIES: Readonly<Record<Wait, Bounds>> = {
  tableItem: {
    fromMs: 2,
    toMs: 9,
    source: 'AWS re:Post: GetItem and PutItem take single-digit milliseconds on average',
  },
  tableItems: {
    fromMs: 5,
    toMs: 20,
    source: 'assumed: Query and BatchWriteItem take longer than one item (AWS re:Post)',
  },
  object: {
    fromMs: 20,
    toMs: 200,
    source: 'S3 User Guide: 100 to 200 ms for small objects; in practice from 20 ms',
  },
  queueSend: { fromMs: 5, toMs: 20, source: 'assumed, as for the items of a table' },
  queueDeliver: { fromMs: 10, toMs: 100, source: 'assumed, by long polling of the queue' },
  invokeWarm: { fromMs: 10, toMs: 20, source: 'assumed: 15 ms' },
  invokeCold: {
    fromMs: 300,
    toMs: 500,
    source: 'assumed: 400 ms; 130 ms for Node alone, and the bundle (bench/README.md, cold-start)',
  },
  poll: {
    fromMs: 0,
    toMs: 1_000,
    source: 'Lambda polls a shard once a second; 0 to 1 s after the window is over',
  },
}

/** Bytes of an object that pass in a millisecond: 85 MB/s for each request (S3 User Guide). */
export const OBJECT_BYTES_PER_MS = 85_000

/** Requests of one process that a service answers at once: the sockets of the product's clients. */
export const REQUESTS_AT_ONCE = 200

/** Draws waits. */
export const drawsOf = (seed: number): ((wait: Wait) => number) => {
  const random = seededRandom(seed)
  return (wait) => {
    const { fromMs, toMs } = LATENCIES[wait]
    return fromMs + random() * (toMs - fromMs)
  }
}

/** What a request waits for. */
export const waitOf = (service: 'dynamodb' | 's3' | 'sqs', action: string): Wait => {
  if (service === 's3') return 'object'
  if (service === 'sqs') return 'queueSend'
  return action === 'GetItem' || action === 'PutItem' ? 'tableItem' : 'tableItems'
}

/** The time that bytes of an object take. */
export const transferMs = (service: 'dynamodb' | 's3' | 'sqs', bytes: number): number =>
  service === 's3' ? bytes / OBJECT_BYTES_PER_MS : 0
