/**
 * What a test puts into the sources of one name. Streams and sockets are delivered through intake into durable lanes, as they are in
 * production; files lie in a place of their own until the pipeline looks at them.
 */
import { MillraceError } from '../../base/errors.ts'
import type { Planned } from '../../dstream/plan.ts'
import type { SourceNode } from '../../dstream/plan-node.ts'
import type { Queue } from '../../dstream/source-declaration.ts'
import { memoryObjects, type MemoryObjects } from '../../adapters/memory/memory-objects.ts'
import type { ReceiverSink } from '../../ports/receiver.ts'
import type { Intake } from '../../runtime/intake/intake.ts'
import { parseNamedUri } from '../../runtime/locations.ts'
import { type KinesisEventRecord, kinesisDeliveries } from '../../runtime/sources/kinesis/event.ts'

/** A record of a stream with its key. */
export interface TestRecord {
  readonly data: string | Uint8Array
  /** Default `key`. */
  readonly partitionKey?: string
  /** The name of its shard. Default `shard-0`. */
  readonly shard?: string
}

/** What feeds a source node in a running application. */
export type Feeder =
  | { readonly kind: 'kinesis'; readonly planned: Planned<SourceNode>; readonly intake: Intake }
  | {
      readonly kind: 'socket' | 'receiver'
      readonly planned: Planned<SourceNode>
      readonly sink: ReceiverSink
    }
  | { readonly kind: 'files'; readonly planned: Planned<SourceNode> }
  | {
      readonly kind: 'queue'
      readonly planned: Planned<SourceNode>
      readonly queue: Queue<unknown>
    }

/** An element for a source, waiting to be delivered. */
interface Waiting {
  readonly elements: readonly unknown[]
  readonly arrivedMs: number
}

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
  readonly #kind: Feeder['kind']
  readonly #now: () => number
  readonly #waiting: Waiting[] = []
  #sequenceNumber = 0
  /** @internal Where the files of this name lie. */
  readonly objects: MemoryObjects

  /** @internal Made by the harness. */
  constructor(name: string, kind: Feeder['kind'], now: () => number) {
    this.#name = name
    this.#kind = kind
    this.#now = now
    // A bucket's keys have no directories.
    this.objects = memoryObjects({
      name,
      path: parseNamedUri(name) === undefined ? name : '',
    })
  }

  /**
   * Adds records, in order: texts for `kinesisTextStream` and sockets; texts, bytes or {@link TestRecord}s for `kinesisStream`; elements of
   * one dataset for `queueStream`; any records for `receiverStream`, whose function does not run in tests. They arrive a moment from now, and are in the next batch.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the source reads files, or cannot take such a record.
   */
  add(...elements: readonly unknown[]): this {
    if (this.#kind === 'files')
      throw this.#unfit('reads files', "give it one with addFile('a.txt', 'to be\\n')")
    const bad = elements.find((element) => !this.#takes(element))
    if (bad !== undefined)
      throw this.#unfit(`cannot take this record: ${JSON.stringify(bad)}`, 'give it texts')
    this.#waiting.push({ elements, arrivedMs: this.#now() })
    return this
  }

  /**
   * Puts a file in place, complete, or replaces it. It was modified a millisecond from now, unless said otherwise: Spark's rule leaves out
   * what was modified at the very moment of the start.
   *
   * @param options `modified`: epoch milliseconds or a date.
   * @throws MillraceError `ARGUMENT_INVALID` when the source does not read files.
   */
  addFile(
    name: string,
    content: string | Uint8Array,
    { modified = this.#now() + 1 }: { readonly modified?: number | Date } = {},
  ): this {
    if (this.#kind !== 'files')
      throw this.#unfit('does not read files', 'give it records with add()')
    this.objects.write(
      name,
      typeof content === 'string' ? Buffer.from(content, 'utf8') : content,
      Number(modified),
    )
    return this
  }

  /** Takes a file away; one that is not there is no error. */
  removeFile(name: string): this {
    this.objects.remove(name)
    return this
  }

  /** @internal Whether something was added and is not delivered yet. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** @internal Hands what is waiting to every source of this name, and waits until it is durable. */
  async deliver(feeders: readonly Feeder[]): Promise<void> {
    const waiting = this.#waiting.splice(0)
    if (waiting.length === 0) return
    const records =
      this.#kind === 'kinesis' ? waiting.flatMap((one) => this.#kinesisRecords(one)) : []
    for (const feeder of feeders) await deliverTo(feeder, waiting, records)
  }

  #takes(element: unknown): boolean {
    if (this.#kind === 'queue' || this.#kind === 'receiver') return true
    if (this.#kind === 'socket') return typeof element === 'string'
    return (
      isData(element) ||
      (typeof element === 'object' && element !== null && 'data' in element && isData(element.data))
    )
  }

  #unfit(what: string, fix: string): MillraceError {
    return new MillraceError('ARGUMENT_INVALID', {
      problem: `The source "${this.#name}" ${what}`,
      fix,
    })
  }

  #kinesisRecords({ elements, arrivedMs }: Waiting): readonly KinesisEventRecord[] {
    return elements.map((element) => {
      const {
        data,
        partitionKey = 'key',
        shard = 'shard-0',
      } = isData(element) ? { data: element } : (element as TestRecord)
      const sequenceNumber = String(++this.#sequenceNumber)
      return {
        eventID: `${shard}:${sequenceNumber}`,
        eventSourceARN: `arn:aws:kinesis:test:000000000000:stream/${this.#name}`,
        kinesis: {
          partitionKey,
          sequenceNumber,
          data: Buffer.from(data as string).toString('base64'),
          approximateArrivalTimestamp: arrivedMs / 1_000,
        },
      }
    })
  }
}

const isData = (value: unknown): value is string | Uint8Array =>
  typeof value === 'string' || value instanceof Uint8Array

/** All in one delivery; but what is added to a queue together is one dataset. */
const deliverTo = async (
  feeder: Feeder,
  waiting: readonly Waiting[],
  records: readonly KinesisEventRecord[],
): Promise<void> => {
  if (feeder.kind === 'queue') feeder.queue.push(...waiting.map(({ elements }) => elements))
  if (feeder.kind === 'socket' || feeder.kind === 'receiver')
    await feeder.sink.store({ records: waiting.flatMap(({ elements }) => elements), rejected: [] })
  if (feeder.kind !== 'kinesis') return
  const { source } = feeder.planned.node
  const decoded = source.from === 'kinesis' ? source.elements : 'text'
  const target = { source: feeder.planned.id, elements: decoded, createdMs: 0 }
  for (const delivery of kinesisDeliveries({ Records: records }, target))
    await feeder.intake.append(delivery)
}
