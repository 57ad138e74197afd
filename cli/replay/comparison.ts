/** Compares what the outputs of a replay give with what they gave before. */
import { MillraceError } from '../../lib/base/errors.ts'
import type { OutputNode } from '../../lib/dstream/plan-node.ts'
import type { Plan, Planned } from '../../lib/dstream/plan.ts'
import { type CaughtOutput, isFunctionOutput } from '../../lib/runtime/replay/capture.ts'
import {
  type Difference,
  differenceOf,
  isDifferent,
  keysAmong,
  recordsGiven,
  recordsIn,
} from '../../lib/runtime/replay/difference.ts'
import type { ReplayedBatch } from '../../lib/runtime/replay/heard.ts'
import type { StoredOutputs } from './stored-outputs.ts'

/** An output, and why it is not compared. */
export interface NotCompared {
  readonly id: string
  readonly why: string
}

/** The difference of an output in a batch. */
export interface ComparedOutput extends Difference {
  readonly id: string
}

/** What was compared of a batch. */
export interface ComparedBatch {
  readonly timeMs: number
  readonly outputs: readonly ComparedOutput[]
  /** The outputs whose files of this batch are not there any more. */
  readonly gone: readonly string[]
}

/** What an output is compared with: what another plan gives, or what is stored. */
export type Baseline = { readonly old: Plan } | { readonly stored: StoredOutputs }

type Output = Planned<OutputNode>

/** Compares batches, one after another. */
export class Comparison {
  readonly #outputs: readonly Output[]
  readonly #baseline: Baseline
  readonly #notCompared: readonly NotCompared[]

  constructor(plan: Plan, baseline: Baseline) {
    this.#baseline = baseline
    const reasons = plan.outputs.map((one) => [one, whyNot(one, baseline)] as const)
    this.#outputs = reasons.flatMap(([one, why]) => (why === undefined ? [one] : []))
    this.#notCompared = reasons.flatMap(([{ id }, why]) => (why === undefined ? [] : [{ id, why }]))
  }

  /** The ids of the outputs that are compared. */
  get ids(): readonly string[] {
    return this.#outputs.map(({ id }) => id)
  }

  /** Whether another plan says what outputs gave. */
  get hasOld(): boolean {
    return 'old' in this.#baseline
  }

  get notCompared(): readonly NotCompared[] {
    return this.#notCompared
  }

  /**
   * Checks that something is compared.
   *
   * @throws MillraceError `USAGE`.
   */
  check(): void {
    if (this.#outputs.length > 0) return
    throw new MillraceError('USAGE', {
      problem: 'No output of this pipeline can be compared with what it gave',
      value: this.#notCompared.map(({ id, why }) => `${id}: ${why}`).join('; '),
      allowed: 'an output of files that are still there, or the module as it was',
      fix: 'give it: git show HEAD~1:pipeline.ts > old.ts, and --against old.ts',
    })
  }

  /** `before`: the same batch with the old plan. */
  async compare(now: ReplayedBatch, before: ReplayedBatch | undefined): Promise<ComparedBatch> {
    const gone: string[] = []
    const outputs: ComparedOutput[] = []
    for (const output of this.#outputs) {
      const caught = caughtIn(now, output)
      const difference =
        'old' in this.#baseline
          ? againstOld(caught, before && caughtIn(before, output))
          : await againstStored(output, now.timeMs, caught, this.#baseline.stored)
      if (difference === 'gone') gone.push(output.id)
      else outputs.push({ id: output.id, ...difference })
    }
    return { timeMs: now.timeMs, outputs, gone }
  }
}

const caughtIn = ({ outputs }: ReplayedBatch, { id }: Output): CaughtOutput | undefined =>
  outputs.find((one) => one.id === id)

const whyNot = (output: Output, baseline: Baseline): string | undefined => {
  if ('old' in baseline)
    return baseline.old.outputs.some(({ id }) => id === output.id)
      ? undefined
      : 'the old module has no such output'
  const { placeAt, parameters } = output.node
  if (isFunctionOutput(output)) return 'it is a function'
  if (parameters['spread'] === true) return 'its files lie with those of other batches'
  if (placeAt === undefined) return 'nothing keeps what it gave'
  return baseline.stored.canRead(placeAt(0))
    ? undefined
    : 'it writes no files that can be read here'
}

/** Files are compared as files: what they hold, and not how it came there. */
const againstOld = (now: CaughtOutput | undefined, old: CaughtOutput | undefined): Difference => {
  const keys = keysAmong([...(now?.elements ?? []), ...(old?.elements ?? [])])
  const records = (one: CaughtOutput | undefined) =>
    one === undefined
      ? []
      : one.files === undefined
        ? recordsGiven(one)
        : recordsIn(one.files, keys)
  return differenceOf(records(old), records(now))
}

const againstStored = async (
  { node }: Output,
  timeMs: number,
  now: CaughtOutput | undefined,
  stored: StoredOutputs,
): Promise<Difference | 'gone'> => {
  const place = now?.files?.place ?? node.placeAt?.(timeMs) ?? ''
  const parts = await stored.read(place)
  const isSkipped =
    node.parameters['skipEmpty'] === true || node.parameters['everyMs'] !== undefined
  if (parts === undefined && now?.files !== undefined && !isSkipped) return 'gone'
  const keys = keysAmong(now?.elements ?? [])
  const format = now?.files?.format
  const before = recordsIn(
    { ...(format === undefined ? {} : { format }), parts: parts ?? [] },
    keys,
  )
  return differenceOf(before, now?.files === undefined ? [] : recordsIn(now.files, keys))
}

/** Whether an output of a batch differs. */
export const hasDifference = ({ outputs }: ComparedBatch): boolean => outputs.some(isDifferent)
