/**
 * Moves partitions of keyed state for a driver. A partition stays in memory from batch to batch, so
 * that the next batch of it costs no read. What is in memory is a copy: the driver says with each
 * request what is stored, and a partition that is not exactly that is read again.
 *
 * Nothing is written here. The new segments go to the driver, which writes them with its own, so
 * that a process that stood still has nothing to write when it wakes up.
 */
import type { PartitionView } from '../../dstream/plan-node.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'
import type { LargeMerge } from '../../state/large-merge.ts'
import { loadPartition } from '../../state/load-partition.ts'
import { packPartition, unpackPartition } from '../../state/manifest.ts'
import { segmentNamer, type SegmentNames } from '../../state/segment-namer.ts'
import { type NamedSegment, nameSegment, readSegment } from '../../state/segments.ts'
import type { StateDraft, StatePartition } from '../../state/state-partition.ts'
import { pagesNode } from '../../state/stored-list.ts'
import { deadLetterOfKey } from '../dead-letters/of-key.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'
import { packElements } from './columns.ts'
import { pausesOf } from './pauses.ts'
import {
  decodeParts,
  type MovedAnswer,
  refused,
  type StateRequest,
  type TaskAnswer,
} from './task-request.ts'

/** What a server of states needs of its process. */
export type StateServerParts = Pick<Runner, 'plan' | 'app' | 'store' | 'clock' | 'logSettings'>

/** A partition in memory, and what the last batch has made of it. */
interface Held {
  readonly partition: StatePartition
  readonly draft: StateDraft
  /** What is stored of it if that batch was committed. */
  readonly after: string
  readonly slice: WrittenSlice | undefined
  /** The batch time. */
  readonly timeMs: number
}

/** A slice of a merge beside batches. The driver writes it with the batch. */
interface WrittenSlice {
  readonly merge: LargeMerge
  readonly named: NamedSegment
}

/** A partition that was not asked for in so many batch times is another executor's now. */
const BATCHES_KEPT = 3

/** See the head of this file. */
export class StateServer {
  readonly #parts: StateServerParts
  readonly #held = new Map<string, Held>()
  /** The last batch times, newest last. */
  #timesMs: number[] = []

  constructor(parts: StateServerParts) {
    this.#parts = parts
  }

  /** Moves a partition. `data`: what the exchange brings. */
  async move(request: StateRequest, data: Uint8Array): Promise<TaskAnswer> {
    const { plan, clock, app, store } = this.#parts
    const { node: id, partition: part, timeMs, attemptId } = request
    const planned = plan.operators.find((one) => one.id === id)
    const move = planned?.node.move
    if (planned === undefined || move === undefined)
      return refused('unknown', `there is no state of ${id} that moves by partitions`)
    this.#forgetOld(timeMs)
    const partition = await this.#take(request)
    const deadLetters: DeadLetter[] = []
    const draft = partition.draft(timeMs)
    const pause = pausesOf(clock)
    const view = { id, timeMs, partition: part, state: draft, isOnGrid: request.isOnGrid, pause }
    const moved = await move.move(decodeParts(data), {
      ...view,
      ...this.#keysOf(timeMs, deadLetters),
    })
    const names = { store, app, timeMs, attemptId }
    const slice = this.#nextSlice(names, id, part, partition)
    const flushed = flush(draft, names, { id, part })
    const { elements, ...inTime } = moved
    const stored = packPartition(flushed.stored)
    const { isQuiet } = draft
    this.#held.set(keyOf(id, part), {
      partition,
      draft,
      after: JSON.stringify(stored),
      slice,
      timeMs,
    })
    const segments = slice === undefined ? flushed.segments : [...flushed.segments, slice.named]
    const { retired } = flushed
    const answer = { stored, retired, segments, isQuiet, elements: packElements(elements) }
    return { kind: 'moved', ...answer, ...inTime, deadLetters } satisfies MovedAnswer
  }

  /** The partition as it is stored before the batch: from memory, or from the store. */
  async #take({ node: id, partition: part, before }: StateRequest): Promise<StatePartition> {
    const { app, store, clock, logSettings } = this.#parts
    const held = this.#held.get(keyOf(id, part))
    // B3: until this batch is done, nothing of the partition in memory is trusted. What an attempt
    // that failed has done to it, its memos too, is thrown away.
    this.#held.delete(keyOf(id, part))
    if (held?.after === JSON.stringify(before)) {
      held.draft.publish()
      held.slice?.merge.wrote(held.slice.named.ref)
      return held.partition
    }
    return loadPartition(
      id,
      unpackPartition(id, part, before),
      (ref) => withRetries(clock, () => readSegment(store, app, ref)),
      logSettings,
    )
  }

  #keysOf(timeMs: number, deadLetters: DeadLetter[]): Pick<PartitionView, 'keys'> {
    const { onBadKey, poison } = this.#parts.plan.options
    if (onBadKey === 'fail') return {}
    const reject = (bad: Parameters<typeof deadLetterOfKey>[1]): void =>
      void deadLetters.push(deadLetterOfKey(timeMs, bad))
    return { keys: { limits: poison, reject } }
  }

  /** The next slice of a merge that runs beside the batches of this process. */
  #nextSlice(
    { store, app }: SegmentNames,
    node: string,
    part: number,
    partition: StatePartition,
  ): WrittenSlice | undefined {
    const merge = partition.log.runningMerge
    const next = merge && partition.nextSlice(merge)
    if (merge === undefined || next === undefined) return undefined
    return { merge, named: nameSegment(store, app, { node, part, ...next.slice.name }, next.bytes) }
  }

  #forgetOld(timeMs: number): void {
    if (!this.#timesMs.includes(timeMs))
      this.#timesMs = [...this.#timesMs, timeMs].slice(-BATCHES_KEPT)
    for (const [key, held] of this.#held)
      if (!this.#timesMs.includes(held.timeMs)) this.#held.delete(key)
  }
}

const keyOf = (id: string, part: number): string => `${id}#${part}`

const flush = (
  draft: StateDraft,
  names: SegmentNames,
  { id, part }: { readonly id: string; readonly part: number },
) => {
  const segments: NamedSegment[] = []
  const flushed = draft.flush(
    segmentNamer(names, segments, { node: id, part }),
    segmentNamer(names, segments, { node: pagesNode(id), part }),
  )
  return { ...flushed, segments }
}
