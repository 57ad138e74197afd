/**
 * Moves partitions of keyed state and of windows for a driver. A partition stays in memory from
 * batch to batch, so that the next batch of it costs no read. What is in memory is a copy: the
 * driver says with each request what is stored, and a partition that is not exactly that is read
 * again.
 *
 * Nothing is written here. The new segments go to the driver, which writes them with its own, so
 * that a process that stood still has nothing to write when it wakes up.
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import { AddsTable } from '../../rdd/adds/adds-table.ts'
import type { PartitionView } from '../../dstream/plan-node.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'
import type { LargeMerge } from '../../state/large-merge.ts'
import { type HomePartition, loadHome } from '../../state/load-partition.ts'
import { type PackedPartition, packPartition, unpackPartition } from '../../state/manifest.ts'
import { type PlannedState, shapesOf } from '../../state/operator/state-declaration.ts'
import { PaneDraft } from '../../state/pane-partition.ts'
import { segmentNamer, type SegmentNames } from '../../state/segment-namer.ts'
import { type NamedSegment, nameSegment, readSegment } from '../../state/segments.ts'
import { StateDraft, StatePartition } from '../../state/state-partition.ts'
import { pagesNode } from '../../state/stored-list.ts'
import { deadLetterOfKey } from '../dead-letters/of-key.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'
import { packElements } from './columns.ts'
import { pausesOf } from './pauses.ts'
import {
  decodeParts,
  type MovedAnswer,
  type PackedMade,
  refused,
  type StateRequest,
  type TaskAnswer,
} from './task-request.ts'

/** What a server of states needs of its process. */
export type StateServerParts = Pick<Runner, 'plan' | 'app' | 'store' | 'clock' | 'logSettings'>

type HomeDraft = StateDraft | PaneDraft

/** A partition of an operator in memory, and what the last batch has made of it. */
interface Held {
  /** Its state, then its panes. */
  readonly partitions: readonly HomePartition[]
  readonly drafts: readonly HomeDraft[]
  /** What is stored of it if that batch was committed. */
  readonly after: string
  readonly slice: WrittenSlice | undefined
  /** The id of the operator, and the batch time. */
  readonly node: string
  readonly timeMs: number
}

/** A slice of a merge beside batches. The driver writes it with the batch. */
interface WrittenSlice {
  readonly merge: LargeMerge
  readonly named: NamedSegment
}

/**
 * A partition that was not asked for in so many batch times of its operator is another executor's
 * now.
 */
const BATCHES_KEPT = 3

/** See the head of this file. */
export class StateServer {
  readonly #parts: StateServerParts
  readonly #held = new Map<string, Held>()
  /** The last batch times of each operator, newest last. */
  readonly #timesMs = new Map<string, readonly number[]>()

  constructor(parts: StateServerParts) {
    this.#parts = parts
  }

  /** Moves a partition. `data`: what the exchange brings. */
  async move(request: StateRequest, data: Uint8Array): Promise<TaskAnswer> {
    const { plan, app, store } = this.#parts
    const { node: id, partition: part, timeMs, attemptId } = request
    const planned = plan.operators.find((one) => one.id === id)
    const move = planned?.node.move
    if (planned === undefined || move === undefined)
      return refused('unknown', `there is no state of ${id} that moves by partitions`)
    this.#forgetOld(id, timeMs)
    const shapes = shapesOf(id, planned.node.kind, planned.node.stateful)
    const partitions = await this.#take(request, shapes)
    const deadLetters: DeadLetter[] = []
    const drafts = partitions.map((partition) => partition.draft(timeMs))
    const adds = plan.accumulators === undefined ? undefined : new AddsTable()
    const view: PartitionView = {
      ...this.#viewOf(request, drafts, deadLetters),
      ...(adds === undefined ? {} : { adds }),
    }
    const { elements, ...inTime } = await move.move(decodeParts(data), view)
    const names = { store, app, timeMs, attemptId }
    const slice = this.#nextSlice(names, id, part, partitions)
    const made = drafts.map((draft, index) =>
      flush(draft, names, { id: (shapes[index] as PlannedState).id, part }),
    )
    const after = JSON.stringify(made.map(({ stored }) => stored))
    this.#held.set(keyOf(id, part), { partitions, drafts, after, slice, node: id, timeMs })
    const packed = { made: withSlice(made, slice), elements: packElements(elements) }
    return {
      kind: 'moved',
      ...packed,
      ...inTime,
      deadLetters,
      adds: adds?.all,
    } satisfies MovedAnswer
  }

  #viewOf(
    { node: id, partition, timeMs, zeroMs, firedMs, isOnGrid, watermark }: StateRequest,
    drafts: readonly HomeDraft[],
    deadLetters: DeadLetter[],
  ): PartitionView {
    return {
      id,
      partition,
      timeMs,
      zeroMs,
      firedMs,
      isOnGrid,
      watermark,
      state: drafts.find((draft) => draft instanceof StateDraft) as StateDraft,
      panes: drafts.find((draft) => draft instanceof PaneDraft) as PaneDraft,
      pause: pausesOf(this.#parts.clock),
      ...this.#keysOf(timeMs, deadLetters),
    }
  }

  /** The partition as it is stored before the batch: from memory, or from the store. */
  async #take(
    { node: id, partition: part, before }: StateRequest,
    shapes: readonly PlannedState[],
  ): Promise<readonly HomePartition[]> {
    const { app, store, clock, logSettings } = this.#parts
    const held = this.#held.get(keyOf(id, part))
    // B3: until this batch is done, nothing of the partition in memory is trusted. What an attempt
    // that failed has done to it, its memos too, is thrown away.
    this.#held.delete(keyOf(id, part))
    if (held?.after === JSON.stringify(before)) {
      for (const draft of held.drafts) draft.publish()
      held.slice?.merge.wrote(held.slice.named.ref)
      return held.partitions
    }
    return allOrFirstError(
      shapes.map(async (shape, index) =>
        loadHome(
          {
            shape,
            part,
            stored: unpackPartition(shape.id, part, before[index] as PackedPartition),
          },
          (ref) => withRetries(clock, () => readSegment(store, app, ref)),
          logSettings,
        ),
      ),
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
    partitions: readonly HomePartition[],
  ): WrittenSlice | undefined {
    const partition = partitions.find((one) => one instanceof StatePartition)
    if (partition === undefined) return undefined
    const merge = partition.log.runningMerge
    const next = merge && partition.nextSlice(merge)
    if (merge === undefined || next === undefined) return undefined
    return { merge, named: nameSegment(store, app, { node, part, ...next.slice.name }, next.bytes) }
  }

  #forgetOld(id: string, timeMs: number): void {
    const known = this.#timesMs.get(id) ?? []
    if (known.includes(timeMs)) return
    const timesMs = [...known, timeMs].slice(-BATCHES_KEPT)
    this.#timesMs.set(id, timesMs)
    for (const [key, held] of this.#held)
      if (held.node === id && !timesMs.includes(held.timeMs)) this.#held.delete(key)
  }
}

const keyOf = (id: string, part: number): string => `${id}#${part}`

const flush = (
  draft: HomeDraft,
  names: SegmentNames,
  { id, part }: { readonly id: string; readonly part: number },
): PackedMade => {
  const segments: NamedSegment[] = []
  const { stored, retired } = draft.flush(
    segmentNamer(names, segments, { node: id, part }),
    segmentNamer(names, segments, { node: pagesNode(id), part }),
  )
  return { stored: packPartition(stored), retired, segments, isQuiet: draft.isQuiet }
}

/** The driver writes the slice with the segments of the state, which comes first. */
const withSlice = (
  made: readonly PackedMade[],
  slice: WrittenSlice | undefined,
): readonly PackedMade[] => {
  const [state, ...panes] = made
  if (slice === undefined || state === undefined) return made
  return [{ ...state, segments: [...state.segments, slice.named] }, ...panes]
}
