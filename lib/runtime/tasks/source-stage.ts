/**
 * Runs the source stage of a plan where records come in: the map tasks of all nodes that combine
 * the records of a source, over the records of one append, as one partition.
 *
 * It is the work of the driver, by the same code: the same stages, the same steps, the same search
 * for bad records. Whatever does not work here is left to the driver.
 */
import { encode } from '../../base/codec.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Pause } from '../../base/pauses.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Partition } from '../../rdd/partition.ts'
import type { ExchangePart } from '../../rdd/exchange.ts'
import type { Stage } from '../../rdd/tasks.ts'
import { blockOf } from '../../state/blocks.ts'
import { type CombinedCode, encodeCombined } from '../../state/combined-blocks.ts'
import type { DeadLetter } from '../../state/dead-letter.ts'
import { withPoisonLimits } from '../driver/checked-partition.ts'
import type { CombineRequest } from '../intake/lane-blocks.ts'
import { partitionOf } from '../sources/lanes/block-partitions.ts'
import { packResult } from './columns.ts'
import { findStage } from './find-stage.ts'
import { pausesOf } from './pauses.ts'

/** What a source stage works with. */
export interface SourceStageParts {
  readonly plan: Plan
  readonly code: CombinedCode
  /** The id of the source. */
  readonly source: string
  readonly clock: Clock
}

/** The batch of an append is not known yet. Nothing up to a shuffle depends on it. */
const ANY_MS = 0

/** What a task has combined by key: for all partitions after it, in no order. */
const entriesOf = ({ side }: Stage, result: unknown): unknown =>
  side === 'exchange'
    ? (result as readonly ExchangePart[]).flatMap((part) => [...part.pairs()])
    : result

/** See the head of this file. It lives with its process, and computes one append at a time. */
export class SourceStage {
  readonly #parts: SourceStageParts
  #last: Promise<unknown> = Promise.resolve()
  #stages: Promise<readonly Stage[]> | undefined
  #current: Partition<unknown> = { records: [], steps: [] }
  #deadlineMs = Infinity

  constructor(parts: SourceStageParts) {
    this.#parts = parts
  }

  /**
   * The records of an append, combined: an encoded block. Rejects if that is not possible, or takes
   * too long.
   */
  combine(request: CombineRequest): Promise<Uint8Array> {
    const combined = this.#last.then(() => this.#combine(request))
    this.#last = combined.catch(() => undefined)
    return combined
  }

  async #combine({ lane, records, rejected, deadlineMs }: CombineRequest): Promise<Uint8Array> {
    const { plan, code, source } = this.#parts
    this.#deadlineMs = deadlineMs
    this.#checkTime()
    const deadLetters: DeadLetter[] = []
    const ref = { bytes: 0, rejected, combinedFor: code.generation }
    const putAside = (one: DeadLetter): void => void deadLetters.push(one)
    const block = partitionOf({ lane, ref }, blockOf(records), { source, putAside })
    this.#current = withPoisonLimits(block, plan.options.poison)
    const nodes: Record<string, Uint8Array> = {}
    for (const stage of await this.#found()) {
      nodes[stage.node] = encode(packResult('map', entriesOf(stage, await stage.pack(0))))
      this.#checkTime()
    }
    return encodeCombined({ stage: code.stage, nodes, deadLetters })
  }

  /** Found once: what begins the state of an operator may be large. */
  #found(): Promise<readonly Stage[]> {
    const found = this.#stages ?? this.#find()
    this.#stages = found
    found.catch(() => (this.#stages = undefined))
    return found
  }

  async #find(): Promise<readonly Stage[]> {
    const { plan, code, source, clock } = this.#parts
    const inner = pausesOf(clock)
    const pause: Pause = () => {
      this.#checkTime()
      return inner()
    }
    const current = {
      sizeBytes: 0,
      isAlone: true,
      recordCount: 0,
      read: async () => () => this.#current,
    }
    const batch = {
      plan,
      timeMs: ANY_MS,
      zeroMs: ANY_MS,
      records: new Map([[source, [current]]]),
      pause,
      taskBytes: undefined,
    }
    const stages: Stage[] = []
    for (const node of code.nodes) {
      const stage = await findStage(batch, { node })
      if (stage?.count !== 1) throw new TypeError(`${node} has no stage with one task`)
      stages.push(stage)
    }
    return stages
  }

  #checkTime(): void {
    if (this.#parts.clock.now() < this.#deadlineMs) return
    throw new MillraceError('BATCH_FAILED', { problem: 'The source stage takes too long' })
  }
}
