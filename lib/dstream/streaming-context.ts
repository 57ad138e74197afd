import { MillraceError } from '../base/errors.ts'
import { DStream } from './dstream.ts'
import type { GraphBuilder } from './graph-builder.ts'
import { queueNode, type QueueStreamOptions, socketTextNode, textFileNode, type TextFileStreamOptions } from './operators/sources.ts'
import type { Queue } from './source-declaration.ts'

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
   * @param name A name to bind (`--bind NAME=./directory`), or the place itself.
   * @throws MillraceError `ARGUMENT_INVALID` when the name is empty; `PLAN_FROZEN`.
   * @example ssc.textFileStream('lines', { existing: 'all' }).flatMap((line) => line.split(' '))
   */
  textFileStream(name: string, options: TextFileStreamOptions = {}): DStream<string> {
    if (typeof name !== 'string' || name === '')
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'textFileStream() needs a place to watch',
        value: name,
        fix: "for example textFileStream('./in')",
      })
    if (options.existing !== undefined && options.existing !== 'ignore' && options.existing !== 'all') {
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'textFileStream() does not know this choice of existing files',
        value: options.existing,
        allowed: "'ignore' or 'all'",
      })
    }
    return new DStream(this.#graph, this.#graph.add(textFileNode(name, options, this.#intervalMs)))
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
   * Datasets from an array in this process: each batch takes the first, or all with `oneAtATime: false`. For tests and trials: what is in
   * memory cannot be recovered, so a pipeline with a queueStream cannot be started again on the store of an earlier run.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the queue is not an array; `PLAN_FROZEN`.
   * @example ssc.queueStream([[1, 2], [3]]).map((n) => n * 2).print()
   */
  queueStream<T>(queue: Queue<T>, options: QueueStreamOptions = {}): DStream<T> {
    if (!Array.isArray(queue))
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'queueStream() needs an array of datasets',
        value: queue,
        fix: 'for example queueStream([[1, 2], [3]])',
      })
    return new DStream<T>(this.#graph, this.#graph.add(queueNode(queue, options)))
  }

  /** One stream of all elements of several; see `DStream.union`. */
  union<T>(first: DStream<T>, ...others: readonly DStream<T>[]): DStream<T> {
    return others.reduce((all, other) => all.union(other), first)
  }
}
