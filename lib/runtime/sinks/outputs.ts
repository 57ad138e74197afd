/** The outputs of a pipeline. The sink of its kind writes each place, under the fence (B4). */
import { mapAtOnce } from '../../base/concurrency.ts'
import type { Fence } from '../../ports/fence.ts'
import type { Receipt, Sink, SinkBatch } from '../../ports/sink.ts'
import type { PartsTarget, WriteTarget } from '../../rdd/write-target.ts'
import type { FinishedOutput } from '../../state/finished-output.ts'
import type { Listener } from '../events.ts'
import { outputParts } from './output-parts.ts'
import { type SinkKind, sinkKindOf, type SinkLocation } from './sink-kind.ts'
import type { SinkPorts } from './sink-ports.ts'

/** The batch and the attempt that write. */
export interface OutputStamp {
  /** The batch time. */
  readonly timeMs: number
  readonly fence: Fence
}

/** Writes the results of output operations. */
export interface Outputs {
  /**
   * Writes the partitions of a batch to a place: all or nothing, if the sink can do that. Returns
   * what must be published after the commit; undefined if readers see the output already.
   *
   * @throws MillraceError `OUTPUT_FENCED`, `OUTPUT_EXISTS`, `OUTPUT_FAILED`, `BINDING_MISSING`.
   */
  write(
    target: WriteTarget,
    partitions: readonly (readonly unknown[])[],
    stamp: OutputStamp,
  ): Promise<FinishedOutput | undefined>
  /**
   * Opens a place for the parts of a batch. `finished` takes what must be published. Undefined: the
   * place shows what it gets at once, so it takes a batch only when all of it is encoded.
   *
   * @throws MillraceError As `write`.
   */
  openParts(
    target: WriteTarget,
    stamp: OutputStamp,
    finished: (output: FinishedOutput) => void,
  ): Promise<PartsTarget | undefined>
  /**
   * How many items or messages services have refused for a moment since this was called last, by
   * the places of outputs. Left out: it is not known.
   */
  takeThrottled?(): Readonly<Record<string, number>>
  /**
   * Encodes a partition as the others do, and writes nothing.
   *
   * @throws MillraceError What `write` throws for an element that cannot be encoded.
   */
  encode(target: WriteTarget, elements: readonly unknown[]): unknown
  /**
   * Shows the outputs of a committed batch to readers. A second call changes nothing.
   *
   * @throws MillraceError `OUTPUT_FAILED`.
   */
  publish(app: string, finished: readonly FinishedOutput[]): Promise<void>
  /** Ends the connections of all sinks, when nothing is written any more. Never rejects. */
  close(): Promise<void>
}

/** What outputs need. */
export interface OutputsParts {
  /**
   * The location of a place in this world.
   *
   * @throws MillraceError `BINDING_MISSING`.
   */
  readonly locate: (place: string) => SinkLocation
  readonly ports: SinkPorts
  /** Hears of targets that were asked too much. Default: nobody does. */
  readonly listen?: Listener
}

const PUBLISHED_AT_ONCE = 16

/** Where a batch is whose files are spread. Readers of tables pass over the name. */
const BATCHES = '_batches'

/** The place of a batch below the location of its output. */
const batchAt = (
  { path, ...location }: SinkLocation,
  { spread, sink }: WriteTarget,
  timeMs: number,
): { readonly location: SinkLocation; readonly batch: SinkBatch } => {
  if (spread === true) {
    const spreadTo = path.replace(/\/+$/, '')
    const own = [spreadTo, BATCHES, String(timeMs)].filter((name) => name !== '').join('/')
    const batch = { path: own, timeMs, spreadTo }
    return { location: { ...location, path: own }, batch }
  }
  const declared = sink === undefined ? {} : { settings: sink.settings, place: sink.place }
  return { location: { ...location, path }, batch: { path, timeMs, ...declared } }
}

const finishedOutput = (
  location: SinkLocation,
  { timeMs, fence: { generation, epoch } }: OutputStamp,
  receipt: Receipt,
): FinishedOutput => ({
  location,
  timeMs,
  generation,
  epoch,
  ...(receipt === undefined ? {} : { receipt }),
})

/** The sinks that are open. */
class OpenSinks {
  readonly #ports: SinkPorts
  readonly #sinks = new Map<string, Promise<Sink<unknown>>>()

  constructor(ports: SinkPorts) {
    this.#ports = ports
  }

  of(kind: SinkKind, location: SinkLocation): Promise<Sink<unknown>> {
    const key = `${kind.name} ${kind.key(location)}`
    const opened = this.#sinks.get(key)
    if (opened !== undefined) return opened
    const opening = Promise.resolve(kind.open(location, this.#ports))
    this.#sinks.set(key, opening)
    // The next batch tries again: a sink that could not be opened once may open later.
    opening.catch(() => this.#sinks.delete(key))
    return opening
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#sinks.values())
    this.#sinks.clear()
    for (const one of opened) if (one.status === 'fulfilled') await one.value.close?.()
  }
}

/** What services have refused for a moment: told at once, and counted until somebody asks. */
class Refusals {
  readonly #listen: OutputsParts['listen']
  #counts: Record<string, number> = {}

  constructor(listen: OutputsParts['listen']) {
    this.#listen = listen
  }

  tell(place: string, timeMs: number, count: number): void {
    if (count === 0) return
    this.#counts[place] = (this.#counts[place] ?? 0) + count
    this.#listen?.({ event: 'throttled', timeMs, place, count })
  }

  take(): Readonly<Record<string, number>> {
    const counts = this.#counts
    this.#counts = {}
    return counts
  }
}

/** Makes the outputs of a pipeline. A sink is opened when a batch first needs it, and then kept. */
export const outputsTo = ({ locate, ports, listen }: OutputsParts): Outputs => {
  const sinks = new OpenSinks(ports)
  const refusals = new Refusals(listen)

  /** Everything about the place of a target. */
  const placeOf = async (target: WriteTarget, timeMs: number) => {
    const { location, batch } = batchAt(locate(target.place), target, timeMs)
    const kind = sinkKindOf(location)
    return { location, batch, kind, sink: await sinks.of(kind, location) }
  }

  return {
    async write(target, partitions, { timeMs, fence }): Promise<FinishedOutput | undefined> {
      const { location, batch, kind, sink } = await placeOf(target, timeMs)
      // Encode all partitions first: an element that cannot be encoded must not leave half a batch.
      const contents = partitions.map((elements) => kind.encode(elements, target))
      const opened = await sink.open(batch, fence)
      try {
        for (const [index, content] of contents.entries()) await opened.write(index, content)
      } catch (error) {
        await opened.abandon()
        throw error
      } finally {
        refusals.tell(target.sink?.place ?? target.place, timeMs, opened.throttled?.() ?? 0)
      }
      const receipt = await opened.finish()
      return sink.publish === undefined
        ? undefined
        : finishedOutput(location, { timeMs, fence }, receipt)
    },

    takeThrottled: () => refusals.take(),

    async openParts(target, { timeMs, fence }, finished): Promise<PartsTarget | undefined> {
      const { location, batch, kind, sink } = await placeOf(target, timeMs)
      if (sink.isAtomic === false || sink.isFenced === false) return undefined
      return outputParts({
        // What is atomic is a file for each partition.
        sink: sink as Sink<Uint8Array>,
        batch,
        fence,
        encode: (elements) => kind.encode(elements, target) as Uint8Array,
        finished(receipt) {
          if (sink.publish !== undefined)
            finished(finishedOutput(location, { timeMs, fence }, receipt))
        },
      })
    },

    encode: (target, elements) => sinkKindOf(locate(target.place)).encode(elements, target),

    async publish(app, finished): Promise<void> {
      await mapAtOnce(
        finished,
        PUBLISHED_AT_ONCE,
        async ({ location, timeMs, generation, epoch, receipt }) => {
          const sink = await sinks.of(sinkKindOf(location), location)
          await sink.publish?.({ path: location.path, timeMs }, { app, generation, epoch }, receipt)
        },
      )
    },

    close: () => sinks.close(),
  }
}
