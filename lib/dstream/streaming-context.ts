import { MillraceError } from '../base/errors.ts'
import type { Time } from '../base/time.ts'
import type { RDD } from '../rdd/rdd.ts'
import { checkedChoice, checkedFunction, checkedSourceName, checkedStart } from './checks.ts'
import { DStream } from './dstream.ts'
import type { GraphBuilder } from './graph-builder.ts'
import { decodeNode } from './operators/decode.ts'
import {
  fileNode,
  type FileStreamOptions,
  fixedLengthReader,
  kinesisNode,
  type KinesisStreamOptions,
  type KinesisTextStreamOptions,
  queueNode,
  receiverNode,
  type QueueStreamOptions,
  socketTextNode,
  type TextFileStreamOptions,
} from './operators/sources.ts'
import { transformNode, type TransformOptions } from './operators/transform.ts'
import type { SourceNode } from './plan-node.ts'
import type { FileReader, KinesisRecord, Queue, Receive } from './source-declaration.ts'

/**
 * The datasets of several streams, in their order.
 *
 * @example const both = ([a, b]: RDDsOf<[DStream<string>, DStream<string>]>) => a.union(b)
 */
export type RDDsOf<T extends readonly DStream<unknown>[]> = {
  readonly [I in keyof T]: T[I] extends DStream<infer E> ? RDD<E> : never
}

/**
 * Where a pipeline begins: its methods make streams from sources. Handed to the function given to `stream()`.
 *
 * @example
 * ```ts
 * stream('shout', { batchInterval: seconds(1) }, (ssc) => {
 *   ssc.socketTextStream('localhost', 9999).map((line) => line.toUpperCase()).print()
 * })
 * ```
 */
export class StreamingContext {
  readonly #graph: GraphBuilder
  readonly #intervalMs: number

  /** @internal Made by `stream()`. */
  constructor(graph: GraphBuilder, intervalMs: number) {
    this.#graph = graph
    this.#intervalMs = intervalMs
  }

  /**
   * The lines of text files that appear in a place: a directory here, a prefix of a bucket on AWS. Files are chosen by modification time as
   * in Spark, or all of them with `existing: 'all'`. Move files in when they are complete; a file is read once.
   *
   * @param name A name to bind (`--bind NAME=./directory`), or the place itself. A local path may have patterns in its names, as in
   * `./logs/app-*`: `*`, `?`, `[ab]`, `{one,two}`; it stands for all directories that match, those of later too.
   * @throws MillraceError `ARGUMENT_INVALID` when the name is empty; `PLAN_FROZEN`.
   * @example ssc.textFileStream('lines', { existing: 'all' }).flatMap((line) => line.split(' '))
   */
  textFileStream(name: string, options: TextFileStreamOptions = {}): DStream<string> {
    const { existing, remember, onOverwrite } = options
    return this.#files('textFileStream', name, {
      ...(existing === undefined ? {} : { existing }),
      ...(remember === undefined ? {} : { remember }),
      ...(onOverwrite === undefined ? {} : { onOverwrite }),
    })
  }

  /**
   * New files in a place, chosen as {@link textFileStream} does, those that `filter` lets through, with the elements that `read` makes of
   * each.
   *
   * @param name A name to bind (`--bind NAME=./directory`), or the place itself.
   * @throws MillraceError `ARGUMENT_INVALID` when the name is empty, or an option is not of the allowed form; `PLAN_FROZEN`.
   * @example ssc.fileStream('orders', { filter: (path) => path.endsWith('.json'), read: (bytes) => JSON.parse(bytes.toString()) })
   */
  fileStream(
    name: string,
    options?: FileStreamOptions<string> & { readonly read?: never },
  ): DStream<string>
  fileStream<T>(
    name: string,
    options: FileStreamOptions<T> & { readonly read: FileReader<T> },
  ): DStream<T>
  fileStream<T>(name: string, options: FileStreamOptions<T> = {}): DStream<T> {
    for (const f of [options.filter, options.read])
      if (f !== undefined) checkedFunction('fileStream', f)
    return this.#files<T>('fileStream', name, options)
  }

  /**
   * New files in a place, chosen as {@link textFileStream} does, cut into records of one length. A file that does not hold a whole number of
   * them is put aside whole, as a dead letter.
   *
   * @param recordBytes The length of a record: a whole number from 1.
   * @throws MillraceError `ARGUMENT_INVALID` when the name is empty, or the length is not one; `PLAN_FROZEN`.
   * @example ssc.binaryRecordsStream('ticks', 16).map((record) => new DataView(record.buffer).getFloat64(0))
   */
  binaryRecordsStream(
    name: string,
    recordBytes: number,
    options: TextFileStreamOptions = {},
  ): DStream<Uint8Array> {
    if (!Number.isSafeInteger(recordBytes) || recordBytes < 1)
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'binaryRecordsStream() needs the length of a record',
        value: recordBytes,
        allowed: 'a whole number of bytes, from 1',
      })
    return this.#files<Uint8Array>('binaryRecordsStream', name, {
      ...options,
      read: fixedLengthReader(recordBytes),
    })
  }

  /**
   * The lines of text that arrive on a TCP connection, UTF-8, split at line feeds. A socket cannot be read again: lines received and not
   * yet stored are lost with the process. Can be bound under the name `host:port`.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the host is empty or the port is not one; `PLAN_FROZEN`.
   * @example ssc.socketTextStream('localhost', 9999).print()
   */
  socketTextStream(host: string, port: number): DStream<string> {
    if (typeof host !== 'string' || host === '')
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'socketTextStream() needs a host',
        value: host,
        fix: "for example socketTextStream('localhost', 9999)",
      })
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'socketTextStream() needs a port',
        value: port,
        allowed: 'a whole number from 1 to 65535',
      })
    return new DStream(this.#graph, this.#graph.add(socketTextNode(host, port)))
  }

  /**
   * The records of a Kinesis stream as text: each record is one string, UTF-8; one that is not is put aside as a dead letter. Records that
   * the Kinesis Producer Library has aggregated are taken apart. Locally the name is bound to other text: `--bind clicks=./in`, or a socket.
   *
   * @param name A name to bind: to a stream on AWS, to a directory or a socket here.
   * @throws MillraceError `ARGUMENT_INVALID` when the name is empty or the start is not one; `PLAN_FROZEN`.
   * @example ssc.kinesisTextStream('clicks', { startFrom: 'trimHorizon' }).print()
   */
  kinesisTextStream(name: string, options: KinesisTextStreamOptions = {}): DStream<string> {
    return new DStream(this.#graph, this.#kinesis('kinesisTextStream', name, options))
  }

  /**
   * The records of a Kinesis stream, or what `decode` makes of each. `decode` must give the same for the same record; a record on which it
   * throws is put aside as a dead letter, with its position.
   *
   * @param name A name to bind to a stream.
   * @throws MillraceError `ARGUMENT_INVALID` when the name is empty, the start is not one or `decode` is no function; `PLAN_FROZEN`.
   * @example ssc.kinesisStream('clicks', { decode: ({ data }) => data.byteLength }).print()
   */
  kinesisStream(name: string, options?: KinesisTextStreamOptions): DStream<KinesisRecord>
  kinesisStream<T>(
    name: string,
    options: KinesisStreamOptions<T> & { readonly decode: (record: KinesisRecord) => T },
  ): DStream<T>
  kinesisStream<T>(
    name: string,
    options: KinesisStreamOptions<T> = {},
  ): DStream<T> | DStream<KinesisRecord> {
    const { decode } = options
    if (decode !== undefined) checkedFunction('kinesisStream', decode)
    const records = this.#kinesis('kinesisStream', name, options)
    if (decode === undefined) return new DStream<KinesisRecord>(this.#graph, records)
    return new DStream<T>(this.#graph, this.#graph.add(decodeNode(records, decode)))
  }

  /**
   * Datasets from an array in this process: each batch takes the first, or all with `oneAtATime: false`; `whenEmpty` is
   * the dataset of a batch that finds none. For tests and trials: what is in
   * memory cannot be recovered, so a pipeline with a queueStream cannot be started again on the store of an earlier run.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the queue is not an array; `PLAN_FROZEN`.
   * @example ssc.queueStream([[1, 2], [3]]).map((n) => n * 2).print()
   */
  queueStream<T>(queue: Queue<T>, options: QueueStreamOptions<T> = {}): DStream<T> {
    if (!Array.isArray(queue))
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'queueStream() needs an array of datasets',
        value: queue,
        fix: 'for example queueStream([[1, 2], [3]])',
      })
    return new DStream<T>(this.#graph, this.#graph.add(queueNode(queue, options)))
  }

  /**
   * Records from a function that runs beside the pipeline, in its process: it stores what it receives, and ends when its signal is aborted.
   * When it has ended or thrown before, it is called again after 2 s. A receiver that waits for `store` before it acknowledges loses
   * nothing; one that does not may lose what is under way when the process ends.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when `receive` is no function; `PLAN_FROZEN`.
   * @example
   * ```ts
   * const moments = ssc.receiverStream<number>(async ({ store, signal }) => {
   *   while (!signal.aborted) {
   *     await store(Date.now())
   *     await new Promise((resolve) => setTimeout(resolve, 1_000))
   *   }
   * })
   * ```
   */
  receiverStream<T>(receive: Receive<T>): DStream<T> {
    return new DStream<T>(
      this.#graph,
      this.#graph.add(receiverNode(checkedFunction('receiverStream', receive))),
    )
  }

  /**
   * One stream of all elements of several; see `DStream.union`.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when there is no stream, or one belongs to another pipeline, or has its datasets at other times.
   * @example ssc.union(clicks, taps, swipes)
   */
  union<T>(first: DStream<T>, ...others: readonly DStream<T>[]): DStream<T> {
    return checkedStream('union', first).union(...others)
  }

  /**
   * Any function from the datasets of several streams at one batch time, in the order of the streams, to another one; see
   * `DStream.transform`.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when there is no stream, or one belongs to another pipeline, or has its datasets at other times.
   * @example ssc.transform([clicks, taps], ([a, b]) => a.union(b), { pure: true })
   */
  transform<const T extends readonly DStream<unknown>[], U>(
    streams: T,
    f: (rdds: RDDsOf<T>, time: Time) => RDD<U> | Promise<RDD<U>>,
    options: TransformOptions = {},
  ): DStream<U> {
    checkedFunction('transform', f)
    const [head, ...others] = streams
    const first = checkedStream('transform', head)
    const parents = [first.node, ...others.map((other) => first.nodeBeside('transform', other))]
    return first.to(
      transformNode('transform', parents, (rdds, time) => f(rdds as RDDsOf<T>, time), options),
    )
  }

  #files<T = string>(kind: string, name: string, options: FileStreamOptions<T>): DStream<T> {
    if (typeof name !== 'string' || name === '')
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: `${kind}() needs a place to watch`,
        value: name,
        fix: `for example ${kind}('./in')`,
      })
    checkedChoice(kind, 'existing', options.existing, ['ignore', 'all'])
    checkedChoice(kind, 'onOverwrite', options.onOverwrite, ['new', 'ignore'])
    return new DStream<T>(
      this.#graph,
      this.#graph.add(fileNode(kind, name, options, this.#intervalMs)),
    )
  }

  #kinesis(
    kind: 'kinesisTextStream' | 'kinesisStream',
    name: string,
    { startFrom = 'trimHorizon' }: KinesisTextStreamOptions,
  ): SourceNode {
    return this.#graph.add(
      kinesisNode(kind, checkedSourceName(kind, name), checkedStart(kind, startFrom)),
    )
  }
}

const checkedStream = <T>(operation: string, stream: DStream<T> | undefined): DStream<T> => {
  if (stream instanceof DStream) return stream
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs streams`,
    value: stream,
    allowed: 'one stream or more',
  })
}
