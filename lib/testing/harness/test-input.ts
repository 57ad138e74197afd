/**
 * The input that a test gives to the sources with one name. Records for streams and sockets are
 * delivered through intake into durable lanes, as in production. Files lie in a directory of their
 * own until the pipeline lists them.
 */
import { memoryObjects, type MemoryObjects } from '../../adapters/memory/memory-objects.ts'
import { MillraceError } from '../../base/errors.ts'
import { parseNamedUri } from '../../runtime/locations.ts'
import type { FedNode, Feed, Waiting } from './feeds/feed.ts'

/**
 * The input of the sources that have one name.
 *
 * @example
 * ```ts
 * const app = await testStream(pipeline)
 * app.input('clicks').add('a b', 'a')
 * app.input('lines').addFile('day-1.txt', 'to be\nor not\n')
 * ```
 */
export class TestInput {
  readonly #name: string
  readonly #feed: Feed
  readonly #now: () => number
  readonly #waiting: Waiting[] = []
  /** @internal Where the files of this name lie. */
  readonly objects: MemoryObjects

  /** @internal Made by the harness. */
  constructor(name: string, feed: Feed, now: () => number) {
    this.#name = name
    this.#feed = feed
    this.#now = now
    // A bucket's keys have no directories.
    this.objects = memoryObjects({
      name,
      path: parseNamedUri(name) === undefined ? name : '',
    })
  }

  /**
   * Adds records, in order: texts for `kinesisTextStream` and sockets; texts, bytes or {@link
   * TestRecord}s for `kinesisStream`; elements of one RDD for `queueStream`; any records for
   * `receiverStream`, whose function does not run in tests. They arrive one millisecond from now
   * and are in the next batch.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the source reads files, or cannot take such a
   * record.
   */
  add(...elements: readonly unknown[]): this {
    if (this.#feed.takesFiles)
      throw this.#unfit('reads files', "give it one with addFile('a.txt', 'to be\\n')")
    const bad = elements.find((element) => !this.#feed.takes(element))
    if (bad !== undefined)
      throw this.#unfit(`cannot take this record: ${JSON.stringify(bad)}`, 'give it texts')
    this.#waiting.push({ elements, arrivedMs: this.#now() })
    return this
  }

  /**
   * Adds a complete file, or replaces it. Default modification time: one millisecond from now,
   * because Spark's rule ignores files that were modified at the exact time of the start.
   *
   * @param options `modified`: epoch milliseconds or a date.
   * @throws MillraceError `ARGUMENT_INVALID` when the source does not read files.
   */
  addFile(
    name: string,
    content: string | Uint8Array,
    { modified = this.#now() + 1 }: { readonly modified?: number | Date } = {},
  ): this {
    if (!this.#feed.takesFiles)
      throw this.#unfit('does not read files', 'give it records with add()')
    this.objects.write(
      name,
      typeof content === 'string' ? Buffer.from(content, 'utf8') : content,
      Number(modified),
    )
    return this
  }

  /** Removes a file. Removing a missing file is not an error. */
  removeFile(name: string): this {
    this.objects.remove(name)
    return this
  }

  /** @internal Whether something was added and is not delivered yet. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /**
   * @internal Delivers the waiting elements to every source of this name, and resolves when they
   * are durable.
   */
  async deliver(nodes: readonly FedNode[]): Promise<void> {
    const waiting = this.#waiting.splice(0)
    if (waiting.length > 0) await this.#feed.deliver(waiting, nodes)
  }

  #unfit(what: string, fix: string): MillraceError {
    return new MillraceError('ARGUMENT_INVALID', {
      problem: `The source "${this.#name}" ${what}`,
      fix,
    })
  }
}
