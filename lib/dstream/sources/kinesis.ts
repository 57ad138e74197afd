import { MillraceError } from '../../base/errors.ts'
import { checkFunction, checkSourceName } from '../checks.ts'
import type { DStream } from '../dstream.ts'
import { decodeNode } from '../operators/decode.ts'
import type { SourceNode } from '../plan-node.ts'
import { StreamingContext } from '../streaming-context.ts'
import { TEXT } from './declaration.ts'
import { sourceNode } from './source-node.ts'

/**
 * One record of a Kinesis stream, as `kinesisStream` hands it over. A record into which the Kinesis
 * Producer Library has packed several is taken apart: each of its user records is one of these.
 *
 * @example const keyOf = ({ partitionKey }: KinesisRecord): string => partitionKey
 */
export interface KinesisRecord {
  /** The bytes that were put. */
  readonly data: Uint8Array
  readonly partitionKey: string
  /**
   * As Kinesis gave it: decimal digits, to be compared as a BigInt. The user records of one
   * aggregated record share it.
   */
  readonly sequenceNumber: string
  /** Which user record of an aggregated record this is, from 0; 0 if it is not aggregated. */
  readonly subSequenceNumber: number
  /** When Kinesis took the record, approximately: not exact, and not always increasing. */
  readonly arrivalTime: Date
}

/**
 * Where a stream is read from when the application first starts. Later it goes on where it was.
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
   * Where to begin when the application first starts: at the oldest record that the stream still
   * has, or at the first that arrived at a time. Never at the latest: records that are put before
   * the first look at each shard would be lost. Default `'trimHorizon'`.
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
   * Makes an element of a record. A record on which it throws is put aside as a dead letter.
   * Default: the record itself.
   */
  readonly decode?: (record: KinesisRecord) => T
}

declare module '../streaming-context.ts' {
  interface StreamingContext {
    /**
     * The records of a Kinesis stream as text: each record is one string, UTF-8. One that is not
     * valid UTF-8 is put aside as a dead letter. Records that the Kinesis Producer Library has
     * aggregated are taken apart. Locally the name is bound to other text: `--bind clicks=./in`, or
     * a socket.
     *
     * @param name A name to bind: to a stream on AWS, to a directory or a socket here.
     * @throws MillraceError `ARGUMENT_INVALID` when the name is empty or the start is not one;
     * `PLAN_FROZEN`.
     * @example ssc.kinesisTextStream('clicks', { startFrom: 'trimHorizon' }).print()
     */
    kinesisTextStream(name: string, options?: KinesisTextStreamOptions): DStream<string>

    /**
     * The records of a Kinesis stream, or what `decode` makes of each. `decode` must give the same
     * for the same record. A record on which it throws is put aside as a dead letter, with its
     * position.
     *
     * @param name A name to bind to a stream.
     * @throws MillraceError `ARGUMENT_INVALID` when the name is empty, the start is not one or
     * `decode` is no function; `PLAN_FROZEN`.
     * @example ssc.kinesisStream('clicks', { decode: ({ data }) => data.byteLength }).print()
     */
    kinesisStream(name: string, options?: KinesisTextStreamOptions): DStream<KinesisRecord>
    kinesisStream<T>(
      name: string,
      options: KinesisStreamOptions<T> & { readonly decode: (record: KinesisRecord) => T },
    ): DStream<T>
  }
}

/** Elements that are {@link KinesisRecord}s: only a stream has them. */
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

/** Where it starts is not hashed: it says nothing about what is stored, and matters only once. */
const streamNode = (
  operator: 'kinesisTextStream' | 'kinesisStream',
  name: string,
  elements: string,
  { startFrom = 'trimHorizon' }: KinesisTextStreamOptions,
): SourceNode => {
  const checkedName = checkSourceName(operator, name)
  const startAt = startMs(operator, startFrom)
  return sourceNode(
    operator,
    { name: checkedName },
    { kind: 'kinesis', name: checkedName, elements, settings: { startMs: startAt } },
  )
}

const isStartTime = (start: unknown): start is { readonly at: Date } => {
  const at: unknown =
    typeof start === 'object' && start !== null && 'at' in start ? start.at : undefined
  return at instanceof Date && !Number.isNaN(at.getTime())
}

/** The time from which a stream is read at first, epoch milliseconds; null: its oldest record. */
const startMs = (operation: string, start: KinesisStart): number | null => {
  if (start === 'trimHorizon') return null
  if (isStartTime(start)) return start.at.getTime()
  const isLatest = typeof start === 'string' && /^latest$/i.test(start)
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: isLatest
      ? `${operation}() cannot start at the latest record: records that are put before the ` +
        'first look at each shard would be lost in silence'
      : `${operation}() does not know this place to start from`,
    value: start,
    allowed: "'trimHorizon', or { at: Date } with a time in the past",
    fix: isLatest
      ? 'to leave out what is old, say since when: startFrom: { at: new ' +
        `Date('2026-01-31T00:00:00Z') }`
      : "startFrom: 'trimHorizon'",
  })
}
