/** What the history keeps of an attempt, as far as the driver knows it. */
import { type Usage, usageSum } from '../../base/prices.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'
import type { BatchRecord, SourceTaken, StateSize } from '../../state/history/batch-record.ts'
import type { StoredState } from '../../state/manifest.ts'
import { expiryOf } from '../../state/operator/timer.ts'
import type { Runner } from '../runner.ts'
import { noteInput } from '../sources/redriven.ts'
import type { LoggedAttempt } from './head-writes.ts'
import type { Prepared } from './run.ts'
import type { Before } from './write-states.ts'

type General = Pick<
  BatchRecord,
  | 'timeMs'
  | 'startedMs'
  | 'generation'
  | 'plan'
  | 'sources'
  | 'usage'
  | 'intakeUsage'
  | 'throttled'
  | 'reason'
  | 'runner'
  | 'handedOn'
>

/** What is known of an attempt, however it ends. */
export const generalRecord = (
  runner: Runner,
  { input, head }: LoggedAttempt,
  {
    startedMs,
    counts,
  }: {
    readonly startedMs: number
    /** How many records were read of each source. Left out: as far as the input says. */
    readonly counts?: Readonly<Record<string, number>>
  },
): General => {
  const usage = runner.takeUsage?.()
  const intakeUsage = intakeUsageOf(runner)
  const throttled = runner.outputs.takeThrottled?.() ?? {}
  const { reason, logged } = head
  const { handedOn = 0 } = logged ?? {}
  return {
    timeMs: input.timeMs,
    startedMs,
    generation: runner.generation,
    plan: runner.plan.hash,
    sources: Object.entries(input.sources).map(([id, taken]): SourceTaken => {
      const { bytes, objects } = taken
      const records = counts?.[id] ?? taken.records
      const waiting = waitingOf(runner, id)
      return { id, records, bytes, objects, ...noteInput(taken, startedMs), ...waiting }
    }),
    ...(usage === undefined ? {} : { usage }),
    ...(intakeUsage === undefined ? {} : { intakeUsage }),
    ...(Object.keys(throttled).length === 0 ? {} : { throttled }),
    ...sizeOf(runner),
    ...(handedOn === 0 ? {} : { handedOn }),
    // Of the attempt before.
    ...(reason === undefined ? {} : { reason }),
  }
}

/** Undefined: no lane says it, or this process has read none yet. */
const intakeUsageOf = ({ sources }: Runner): Usage | undefined => {
  const known = [...sources.values()].flatMap((source) => source.intakeUsed?.() ?? [])
  if (known.length === 0) return undefined
  const used = Object.entries(usageSum(known)).map(([kind, amount]) => [kind, rounded(amount)])
  return Object.fromEntries(used) as Usage
}

const DIGITS = 1_000

/** Sums of parts have long tails of digits, and a record has little room. */
const rounded = (amount: number): number => Math.round(amount * DIGITS) / DIGITS

const PERCENT = 100

/** A history that cannot be kept in full loses lists, so this is short. */
const sizeOf = ({
  memoryInUse,
  memoryMb,
  invocation,
  spreader,
}: Runner): Pick<BatchRecord, 'runner'> => {
  const size = {
    ...(memoryInUse === undefined
      ? {}
      : { memoryShare: Math.round(memoryInUse() * PERCENT) / PERCENT }),
    ...(memoryMb === undefined ? {} : { memoryMb }),
    ...(invocation === undefined ? {} : { timeoutMs: invocation.timeoutMs }),
    ...(spreader === undefined ? {} : { executors: spreader.count }),
  }
  return Object.keys(size).length === 0 ? {} : { runner: size }
}

const waitingOf = ({ sources }: Runner, id: string): Pick<SourceTaken, 'waiting'> => {
  const { objects = 0, records = 0, bytes = 0 } = sources.get(id)?.behind?.() ?? {}
  return objects + records + bytes === 0 ? {} : { waiting: { objects, records, bytes } }
}

const sumOf = (stored: StoredState | undefined, field: 'bytes' | 'count'): number =>
  stored?.partitions.reduce((total, partition) => total + partition[field], 0) ?? 0

/** The states after a committed batch, and how they grew in it. */
export const statesAfter = (
  { manifest }: Pick<Prepared, 'manifest'>,
  before: Before,
): Pick<BatchRecord, 'states'> => ({
  states: Object.entries(manifest.states).map(([id, stored]): StateSize => {
    const keys = before.state.knownKeysOf(id)
    const { expired } = expiryOf(manifest.timers[id])
    const bytes = sumOf(stored, 'bytes')
    return {
      id,
      ...(keys === undefined ? {} : { keys }),
      bytes,
      segments: sumOf(stored, 'count'),
      growth: bytes - sumOf(before.manifest.states[id], 'bytes'),
      ...(expired === undefined ? {} : { expired }),
    }
  }),
})

/** A record of the history has little room. */
const ADDED_MAX = 16

/** What a batch has added to accumulators, as far as there is room. */
export const addedIn = ({ added }: Pick<Prepared, 'added'>): Pick<BatchRecord, 'added'> => {
  const some = Object.entries(added).slice(0, ADDED_MAX)
  return some.length === 0 ? {} : { added: Object.fromEntries(some) }
}

/** How many dead letters there are of each code. */
export const codesOf = (
  letters: readonly Pick<DeadLetter, 'code'>[],
): Pick<BatchRecord, 'codes'> => {
  const codes: Record<string, number> = {}
  for (const { code } of letters) codes[code] = (codes[code] ?? 0) + 1
  return letters.length === 0 ? {} : { codes }
}
