import type { Duration } from '../../base/duration.ts'
import { checkedDurationMs } from '../checks.ts'
import type { RDD } from '../../rdd/rdd.ts'
import type { SourceNode } from '../plan-node.ts'
import { MillraceError } from '../../base/errors.ts'
import type {
  FileReader,
  FileSelection,
  KinesisRecord,
  KinesisStart,
  Queue,
  Receive,
} from '../source-declaration.ts'

/**
 * Settings of `textFileStream`.
 *
 * @example ssc.textFileStream('lines', { existing: 'all', onOverwrite: 'new' })
 */
export interface TextFileStreamOptions {
  /**
   * `'ignore'`: only files modified after the first start, as Spark does. `'all'`: everything that is there, oldest first, capped per
   * batch, each path once for the life of the store; in a bucket a page of a thousand names after the other. Default `'ignore'`.
   */
  readonly existing?: 'ignore' | 'all'
  /** How late a file may show up after its modification time, rounded up to whole batches. Default 60 s, as in Spark. */
  readonly remember?: Duration
  /**
   * What becomes of a name that was read and is written again. `'new'`: each upload is read once. `'ignore'`: a name is read once; in a
   * directory for as long as it is remembered. Default: `'new'` in a bucket, and `'ignore'` in a directory, as in Spark.
   */
  readonly onOverwrite?: 'new' | 'ignore'
}

/**
 * Settings of `fileStream`.
 *
 * @example ssc.fileStream('sizes', { filter: (path) => path.endsWith('.bin'), read: (bytes) => [bytes.length] })
 */
export interface FileStreamOptions<T> extends TextFileStreamOptions {
  /** Whether a file is taken, by its path below the place. Must give the same for the same path. Default: every file is. */
  readonly filter?: (path: string) => boolean
  /**
   * Makes the elements of a file. Must give the same for the same bytes; a file on which it throws is put aside whole, as a dead letter.
   * Default: its lines of text.
   */
  readonly read?: FileReader<T>
}

/**
 * Settings of `queueStream`.
 *
 * @example ssc.queueStream([[1], [2]], { oneAtATime: false, whenEmpty: [0] })
 */
export interface QueueStreamOptions<T> {
  /** Each batch takes one dataset of the queue (true) or all that are in it. Default true. */
  readonly oneAtATime?: boolean
  /** The dataset of a batch that finds the queue empty. Default: an empty dataset of one partition. */
  readonly whenEmpty?: readonly T[] | RDD<T>
}

/**
 * Settings of `kinesisTextStream`.
 *
 * @example ssc.kinesisTextStream('clicks', { startFrom: { at: new Date('2026-01-01') } })
 */
export interface KinesisTextStreamOptions {
  /**
   * Where to begin when the application first starts: at the oldest record that the stream still has, or at the first that arrived at a
   * time. Never at the latest: records put before the first look at each shard would be lost. Default `'trimHorizon'`.
   */
  readonly startFrom?: KinesisStart
}

/**
 * Settings of `kinesisStream`.
 *
 * @example ssc.kinesisStream('clicks', { decode: ({ data, partitionKey }) => [partitionKey, data.length] })
 */
export interface KinesisStreamOptions<T> extends KinesisTextStreamOptions {
  /** Makes an element of a record. A record on which it throws is put aside as a dead letter. Default: the record itself. */
  readonly decode?: (record: KinesisRecord) => T
}

const DEFAULT_REMEMBER_MS = 60_000

/** New files in a place that `name` stands for. */
export const fileNode = (
  kind: string,
  name: string,
  options: FileStreamOptions<unknown>,
  intervalMs: number,
): SourceNode => {
  const { existing = 'ignore', remember, onOverwrite, filter, read } = options
  // Spark: FileInputDStream rounds the window up to whole batches.
  const leastMs =
    remember === undefined ? DEFAULT_REMEMBER_MS : checkedDurationMs('remember', remember)
  const rememberMs = Math.ceil(leastMs / intervalMs) * intervalMs
  return textNode(kind, name, name, {
    existing,
    rememberMs,
    ignoredMs: rememberMs + intervalMs,
    ...(onOverwrite === undefined ? {} : { onOverwrite }),
    ...(filter === undefined ? {} : { filter }),
    ...(read === undefined ? {} : { read }),
  })
}

/** Cuts a file into records of one length. */
export const fixedLengthReader =
  (recordBytes: number): FileReader<Uint8Array> =>
  (bytes, path) => {
    if (bytes.byteLength % recordBytes === 0)
      return Array.from({ length: bytes.byteLength / recordBytes }, (_, index) =>
        bytes.slice(index * recordBytes, (index + 1) * recordBytes),
      )
    throw new MillraceError('RECORDS_UNEVEN', {
      problem: `The file "${path}" does not hold a whole number of records`,
      value: `${bytes.byteLength} bytes`,
      allowed: `a multiple of ${recordBytes} bytes`,
      fix: 'move files in when they are complete, and see that all records have the length given to binaryRecordsStream()',
    })
  }

/** Lines of text from a TCP connection. */
export const socketTextNode = (host: string, port: number): SourceNode =>
  textNode('socketTextStream', `${host}:${port}`, `socket://${host}:${port}`, {
    existing: 'all',
    rememberMs: DEFAULT_REMEMBER_MS,
    ignoredMs: DEFAULT_REMEMBER_MS,
  })

const textNode = (
  kind: string,
  name: string,
  literalUri: string,
  files: FileSelection,
): SourceNode =>
  Object.freeze({
    role: 'source',
    kind,
    parents: [],
    parameters: { name },
    source: Object.freeze({ from: 'text', name, literalUri, files: Object.freeze(files) }),
  })

/** Records of a Kinesis stream. Where it starts is not in the plan hash: it says nothing about what is stored, and matters once. */
export const kinesisNode = (
  kind: 'kinesisTextStream' | 'kinesisStream',
  name: string,
  startFrom: KinesisStart,
): SourceNode =>
  Object.freeze({
    role: 'source',
    kind,
    parents: [],
    parameters: { name },
    source: Object.freeze({
      from: 'kinesis',
      name,
      elements: kind === 'kinesisTextStream' ? 'text' : 'records',
      startFrom,
      files: Object.freeze({
        existing: 'all',
        rememberMs: DEFAULT_REMEMBER_MS,
        ignoredMs: DEFAULT_REMEMBER_MS,
      }),
    }),
  })

/** Datasets from an array in memory. */
export const queueNode = <T>(
  queue: Queue<T>,
  { oneAtATime = true, whenEmpty }: QueueStreamOptions<T>,
): SourceNode =>
  Object.freeze({
    role: 'source',
    kind: 'queueStream',
    parents: [],
    parameters: { oneAtATime },
    source: Object.freeze({
      from: 'queue',
      queue: queue as Queue<unknown>,
      oneAtATime,
      whenEmpty: whenEmpty as Queue<unknown>[number] | undefined,
    }),
  })

/** Records from a user's function. */
export const receiverNode = <T>(receive: Receive<T>): SourceNode =>
  Object.freeze({
    role: 'source',
    kind: 'receiverStream',
    parents: [],
    parameters: {},
    source: Object.freeze({ from: 'receiver', receive: receive as Receive<unknown> }),
  })
