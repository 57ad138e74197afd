/**
 * Moves all partitions of an operator, its state and its panes: in this process, or in executors,
 * which keep their partitions in memory from batch to batch.
 *
 * What a large batch changes moves in executors, and so does a large state: then the driver need
 * not hold it. Otherwise it moves here, so that a small batch costs what it costs without them. But
 * what is in executors and would take long to read stays there. Of n executors and this process,
 * each has every (n + 1)th partition, always the same ones.
 *
 * What an executor does not give is done here: its partition is read from the store. So an executor
 * may end, hang, or have other code, and errors have their place and stack as always.
 */
import type { Plan, Planned } from '../../dstream/plan.ts'
import {
  type BatchView,
  type Moved,
  type OperatorNode,
  partitionView,
} from '../../dstream/plan-node.ts'
import type { Exchange, PartsByPartition, ExchangePart } from '../../rdd/exchange.ts'
import { mapAtOnce } from '../../base/concurrency.ts'
import { codeOf } from '../../base/errors.ts'
import { packPartition, unpackPartition } from '../../state/manifest.ts'
import type { StateDrafts } from '../../state/state-drafts.ts'
import { elementsIn } from './columns.ts'
import type { BatchSpread } from './spread-stage.ts'
import type { StageSpreader } from './stage-spreader.ts'
import { executorOf, isLarge, isLongToRead, statePlace } from './state-places.ts'
import {
  encodeParts,
  type MovedAnswer,
  type PackedMade,
  type StateRequest,
} from './task-request.ts'

/** What the moves of a batch need. */
export interface StateMovesParts {
  readonly plan: Plan
  readonly drafts: StateDrafts
  readonly spread: BatchSpread
  readonly attemptId: string
  /** Left out: there are no executors. */
  readonly spreader?: StageSpreader | undefined
  /** From how many bytes on a state is large. */
  readonly stateBytes: number | undefined
}

/** One operator in one batch. */
interface Moving {
  readonly planned: Planned<OperatorNode>
  readonly view: BatchView
  readonly parts: PartsByPartition | undefined
  readonly signal: AbortSignal
}

/** Panes are read when they are needed: so many partitions wait for theirs at the same time. */
const WINDOWS_AT_ONCE = 16

/** See the head of this file. */
export class StateMoves {
  readonly #parts: StateMovesParts

  constructor(parts: StateMovesParts) {
    this.#parts = parts
  }

  /** See {@link BatchView.moveStates}. */
  readonly move = async (
    planned: Planned<OperatorNode>,
    exchange: Exchange | undefined,
    view: BatchView,
  ): Promise<readonly Moved[]> => {
    const { drafts, spreader } = this.#parts
    const { id } = planned
    const partitions = Array.from(
      { length: planned.node.stateful?.partitions ?? 0 },
      (_, part) => part,
    )
    const areAway = this.#areAway(planned, exchange)
    const parts = await (areAway ? exchange?.parts() : exchange?.merged())
    const executors = partitions.map((part) => {
      const executor = executorOf(part, spreader?.count ?? 0)
      const goes = areAway && executor !== undefined && spreader?.takesState(id, executor) === true
      return goes && drafts.leave(id, part) ? executor : undefined
    })
    const ending = new AbortController()
    const moving: Moving = { planned, view, parts, signal: ending.signal }
    const moved: Moved[] = []
    const alone = executors.flatMap((executor, part) => (executor === undefined ? [part] : []))
    const runHere = async (): Promise<void> => {
      const atOnce = planned.node.stateful?.panes === true ? WINDOWS_AT_ONCE : 1
      await mapAtOnce(alone, atOnce, async (part) => {
        moved[part] = await this.#moveHere(moving, part)
      })
    }
    const runAway = async (executor: number): Promise<void> => {
      for (const part of partitions)
        if (executors[part] === executor) moved[part] = await this.#moveAway(moving, part, executor)
    }
    const used = [...new Set(executors.filter((one) => one !== undefined))]
    let failure: { readonly error: unknown } | undefined
    // When one has failed, nobody waits for what the others compute.
    const fail = (error: unknown): void => {
      failure ??= { error }
      ending.abort()
    }
    await Promise.all([runHere(), ...used.map(runAway)].map((run) => run.catch(fail)))
    if (failure === undefined) return moved
    drafts.restart(id)
    throw failure.error
  }

  #areAway(planned: Planned<OperatorNode>, exchange: Exchange | undefined): boolean {
    const { plan, drafts, spreader, stateBytes } = this.#parts
    if (spreader === undefined || statePlace(plan, planned) !== undefined) return false
    const { id } = planned
    return (
      exchange?.isUnread === true ||
      isLarge(drafts.storedBytes(id), stateBytes) ||
      isLongToRead(drafts.mostAway(id))
    )
  }

  async #moveHere({ planned, view, parts }: Moving, part: number): Promise<Moved> {
    await this.#parts.drafts.bringHome(planned.id, part)
    return planned.node.move?.move(parts?.[part] ?? [], partitionView(view, part)) as Promise<Moved>
  }

  async #moveAway(moving: Moving, part: number, executor: number): Promise<Moved> {
    const { planned, parts, signal } = moving
    const { drafts, spread, spreader } = this.#parts
    const data = dataOf(parts?.[part] ?? [])
    const name = spreader?.nameOf(executor)
    const stage = { node: planned.id, side: 'state' } as const
    const call = spread.beginCall?.(stage, { executor, name, task: part })
    const request = { ...this.#requestOf(moving, part), ...call?.request }
    const ask = async (): Promise<MovedAnswer | undefined> =>
      data && (await spreader?.move(executor, request, data, signal))
    const answer = await (call?.within(ask) ?? ask())
    call?.end(answer === undefined ? 'no result' : undefined)
    signal.throwIfAborted()
    if (answer === undefined) return this.#moveHere(moving, part)
    for (const one of answer.deadLetters) spread.putAside(one)
    for (const one of answer.adds ?? []) spread.adds?.put(one)
    spread.ranAway?.({ node: planned.id, side: 'state' }, executor)
    const made = drafts.before(planned.id, part).map(({ id }, index) => {
      const one = answer.made[index] as PackedMade
      return { ...one, stored: unpackPartition(id, part, one.stored) }
    })
    drafts.take(planned.id, part, made)
    return movedIn(answer)
  }

  #requestOf({ planned, view }: Moving, partition: number): StateRequest {
    const { drafts, spread, attemptId } = this.#parts
    const { input: _, found: __, watermarks: ___, ...batch } = spread.batch
    const { id: node } = planned
    const before = drafts.before(node, partition).map(({ stored }) => packPartition(stored))
    const { firedMs, isOnGrid, watermark } = view.timer
    return { ...batch, node, partition, attemptId, before, firedMs, isOnGrid, watermark }
  }
}

/** Undefined: the parts have values that cannot be sent. */
const dataOf = (parts: readonly ExchangePart[]): Uint8Array | undefined => {
  try {
    return encodeParts(parts)
  } catch (error) {
    if (codeOf(error, 'BATCH_FAILED') === 'VALUE_UNSUPPORTED') return undefined
    throw error
  }
}

const movedIn = ({ elements, dueMs, waiting, expired }: MovedAnswer): Moved => ({
  elements: elementsIn(elements),
  dueMs,
  waiting,
  expired,
})
