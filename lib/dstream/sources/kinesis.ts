import type { AnyValue } from '../../rdd/pair-types.ts'
import { checkFunction, checkSourceName } from '../checks.ts'
import type { DStream } from '../dstream.ts'
import { decodeNode } from '../operators/decode.ts'
import type { SourceNode } from '../plan-node.ts'
import { StreamingContext } from '../streaming-context.ts'
import { TEXT } from './declaration.ts'
import { sourceNode } from './source-node.ts'
import { checkStart } from './start-time.ts'

/**
 * One record of a Kinesis stream, as `kinesisStream` gives it. If the Kinesis Producer Library has
 * packed several user records into one record, each user record is one element.
 *
 * @example const keyOf = ({ partitionKey }: KinesisRecord): string => partitionKey
 */
export interface KinesisRecord {
  /** The bytes that the producer put. */
  readonly data: Uint8Array
  readonly partitionKey: string
  /**
   * The sequence number that Kinesis gave it: decimal digits, to be compared as a BigInt. The user
   * records of one aggregated record have the same number.
   */
  readonly sequenceNumber: string
  /**
   * The number of this user record within its aggregated record, from 0. It is 0 if the record is
   * not aggregated.
   */
  readonly subSequenceNumber: number
  /**
   * The time at which Kinesis received the record. It is approximate and does not always increase.
   */
  readonly arrivalTime: Date
}

/**
 * Where to start reading a stream when the application first starts. After that, it continues where
 * it stopped.
 *
 * @example const start: KinesisStart = { at: new Date('2026-01-01') }
 */
export type KinesisStart = 'trimHorizon' | { readonly at: Date }

/**
 * Settings of `kinesisTextStream`.
 *
 * @example ssc.kinesisTextStream('clicks', { startFrom: { at: new Date('2026-01-01') } })
 */
export interface KinesisTextStreamOptions {
  /**
   * Where to start reading. `'trimHorizon'`: at the oldest record that the stream still has when
   * the application first starts. `{ at }`: records that arrived before that time are left out.
   * Starting at the latest record is not possible: records put before the first read of each shard
   * would be lost. Default `'trimHorizon'`.
   */
  readonly startFrom?: KinesisStart
}

/**
 * Settings of `kinesisStream`.
 *
 * @example
 * ```ts
 * ssc.kinesisStream('clicks', { decode: ({ data, partitionKey }) => [partitionKey, data.length] })
 * ```
 */
export interface KinesisStreamOptions<T> extends KinesisTextStreamOptions {
  /**
   * Makes an element from a record. It must return the same for the same record. A record for which
   * it throws becomes a dead letter. Default: the record itself is the element.
   */
  readonly decode?: (record: KinesisRecord) => T
}

declare module '../streaming-context.ts' {
  interface StreamingContext {
    /**
     * The records of a Kinesis stream as text: each record is one string, decoded as UTF-8. A
     * record that is not valid UTF-8 becomes a dead letter. Records that the Kinesis Producer
     * Library has aggregated are split into their user records. Locally the name is bound to a
     * stream, `--bind clicks=kinesis://clicks`, or to another source of text.
     *
     * @param name A name to bind: to a stream, or locally to a directory or a socket.
     * @throws MillraceError `ARGUMENT_INVALID` when the name is empty, or `startFrom` is not of the
     * allowed form; `PLAN_FROZEN`.
     * @example ssc.kinesisTextStream('clicks', { startFrom: 'trimHorizon' }).print()
     */
    kinesisTextStream(name: string, options?: KinesisTextStreamOptions): DStream<string>

    /**
     * The records of a Kinesis stream, or the elements that `decode` makes from them. `decode` must
     * return the same for the same record. A record for which it throws becomes a dead letter, with
     * its position.
     *
     * @param name A name to bind to a stream.
     * @throws MillraceError `ARGUMENT_INVALID` when the name is empty, `startFrom` is not of the
     * allowed form, or `decode` is not a function; `PLAN_FROZEN`.
     * @example ssc.kinesisStream('clicks', { decode: ({ data }) => data.byteLength }).print()
     */
    kinesisStream(name: string, options?: KinesisTextStreamOptions): DStream<KinesisRecord>
    kinesisStream<T extends AnyValue>(
      name: string,
      options: KinesisStreamOptions<T> & { readonly decode: (record: KinesisRecord) => T },
    ): DStream<T>
  }
}

/** Elements that are {@link KinesisRecord}s. Only a stream gives them. */
export const KINESIS_RECORDS = 'Kinesis records'

StreamingContext.prototype.kinesisTextStream = function (name, options = {}) {
  return this.from<string>(streamNode('kinesisTextStream', name, TEXT, options))
}

StreamingContext.prototype.kinesisStream = function <T>(
  this: StreamingContext,
  name: string,
  options: KinesisStreamOptions<T> = {},
): DStream<T> {
  const { decode } = options
  if (decode !== undefined) checkFunction('kinesisStream', decode)
  const records = streamNode('kinesisStream', name, KINESIS_RECORDS, options)
  if (decode === undefined) return this.from<T>(records)
  return this.from<KinesisRecord>(records).to<T>(decodeNode(records, decode))
}

const START = { option: 'startFrom', oldest: 'trimHorizon', division: 'shard' }

/** The start is not part of the plan hash: it does not affect stored data and is used only once. */
const streamNode = (
  operator: 'kinesisTextStream' | 'kinesisStream',
  name: string,
  elements: string,
  { startFrom = 'trimHorizon' }: KinesisTextStreamOptions,
): SourceNode => {
  const checkedName = checkSourceName(operator, name)
  const startMs = checkStart(startFrom, { operation: operator, ...START })
  return sourceNode(
    operator,
    { name: checkedName },
    { kind: 'kinesis', name: checkedName, elements, settings: { startMs } },
  )
}
