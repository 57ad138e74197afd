/**
 * Visits of users as events of a stream with many shards, the same in every run. A line has 200
 * bytes, and begins with the user.
 */
import { type DStream, type Duration, type Pipeline, stream, type StreamingContext } from 'millrace'
import type { KinesisEvent } from '../../lib/runtime/sources/kinesis/event.ts'
import { COUNT_BITS, FIRST_SEQUENCE, shardEventOf } from '../shard-event.ts'
import { mixed } from './draw.ts'

/** The number of users: so many keys has the state. */
export const USERS = 10_000
/** The size of a record. */
export const LINE_BYTES = 200

/** The user of the n-th visit. */
export const userOf = (n: number): string => `user-${mixed(n) % USERS}`

/** The line of the n-th visit. A tenth of it differs between all lines. */
const visitLine = (n: number, atMs: number): string =>
  `${userOf(n)} page=/p/${mixed(n + 11) % 500} session=${mixed(n + 7)} at=${atMs} agent=`
    .padEnd(LINE_BYTES, 'Mozilla/5.0 (X11; Linux x86_64) ')
    .slice(0, LINE_BYTES)

/** Which records an event has. */
export interface Delivery {
  readonly shard: number
  /** The number of the first record of the shard in the event. */
  readonly from: number
  readonly count: number
  readonly atMs: number
  /** The line of a record. Default: a visit. */
  readonly lineOf?: (n: number, atMs: number) => string
}

/** A Lambda event with records of one shard. */
export const lineEvent = (delivery: Delivery): KinesisEvent => {
  const { shard, from, atMs, lineOf = visitLine } = delivery
  return shardEventOf(shard, delivery.count, (index) => {
    const n = shard * 1_000_003 + from + index
    const count = BigInt(from + index + 1)
    // A `Map` of numbers with equal lower bits is slow, so the lower bits hold the count too.
    const sequenceNumber = String(FIRST_SEQUENCE + (count << COUNT_BITS) + count)
    const data = Buffer.from(lineOf(n, atMs)).toString('base64')
    return { sequenceNumber, partitionKey: String(mixed(n)), data, atMs }
  })
}

type Totals = DStream<[string, number]>

const totalsOf = (ssc: StreamingContext): Totals =>
  ssc
    .kinesisTextStream('visits')
    .mapToPair((line) => [line.slice(0, line.indexOf(' ')), 1])
    .updateStateByKey<number>((ones, total = 0) => total + ones.length)

/** What becomes of the totals of each batch. */
export type Output = (totals: Totals) => void

/** Counts the visits of each user since the beginning. */
export const visitTotals = (batchInterval: Duration, output: Output): Pipeline =>
  stream('visits', { batchInterval }, (ssc) => output(totalsOf(ssc)))
