import { zeroTimeAt } from '../../base/batch-time.ts'
import { MillraceError } from '../../base/errors.ts'
import { inputConflicts, inputsOf, type Plan } from '../../dstream/plan.ts'
import { stateConflicts, type StateShape } from '../../state/operator/state-declaration.ts'
import type { Head } from '../../state/head.ts'
import { readManifest } from '../../state/manifest.ts'
import { loadBatchInput } from './batch-input.ts'
import type { Runner } from '../runner.ts'
import { isLeaseHeld } from './schedule.ts'

/**
 * The head that this runner works on, made from the head that it has read:
 *
 * - There is no head: creates the first one.
 * - An older generation, and its lease is free: adopts the head (B10).
 * - Otherwise: the head as it is.
 *
 * Undefined: another runner was faster, and the caller must read again.
 *
 * @throws MillraceError `PLAN_INCOMPATIBLE` when the state in the store does not fit the plan.
 */
export const currentHead = async (
  runner: Runner,
  head: Head | undefined,
  nowMs: number,
): Promise<Head | undefined> => {
  if (head === undefined) return create(runner, nowMs)
  if (head.generation > runner.generation) return head
  if (head.generation === runner.generation) {
    if (head.plan === runner.plan.hash) return head
    throw incompatible(runner, head, [
      'a pipeline of the same generation has another graph: ' +
        'every deployment needs a higher generation',
    ])
  }
  return isLeaseHeld(head, nowMs, runner.leaseMs) ? head : adopt(runner, head)
}

const create = async (runner: Runner, nowMs: number): Promise<Head | undefined> => {
  const zeroMs = zeroTimeAt(nowMs, runner.plan.options.intervalMs)
  const first: Head = {
    generation: runner.generation,
    plan: runner.plan.hash,
    status: 'running',
    epoch: 0,
    owner: undefined,
    leaseEndMs: 0,
    startedMs: nowMs,
    zeroMs,
    doneMs: zeroMs,
    manifest: undefined,
    offsets: {},
    wakeMs: 0,
    logged: undefined,
    reason: undefined,
  }
  const answer = await runner.heads.create(first)
  return answer.swapped ? first : undefined
}

/** A new deployment may have fixed a failing batch. So its attempts start again from zero. */
const adopt = async (runner: Runner, head: Head): Promise<Head | undefined> => {
  const conflicts = await conflictsWith(runner, head)
  if (conflicts.length > 0) throw incompatible(runner, head, conflicts)
  const next: Head = {
    ...head,
    generation: runner.generation,
    plan: runner.plan.hash,
    status: head.status === 'failed' ? 'running' : head.status,
    owner: undefined,
    leaseEndMs: 0,
    logged: head.logged && {
      ...head.logged,
      attempts: 0,
      retryMs: 0,
      outputsDone: [],
      finished: [],
    },
    reason: undefined,
  }
  const answer = await runner.heads.swap(
    head,
    ['epoch', 'doneMs', 'generation', 'status', 'owner', 'leaseEndMs', 'logged'],
    next,
  )
  if (!answer.swapped) return undefined
  runner.listen({ event: 'adopted', generation: runner.generation })
  return next
}

const conflictsWith = async (runner: Runner, head: Head): Promise<readonly string[]> => {
  const { store, app, plan } = runner
  const manifest =
    head.manifest === undefined ? undefined : await readManifest(store, app, head.manifest)
  const stored = Object.entries(manifest?.states ?? {}).map(
    ([id, { kind, form, layout, partitions }]): StateShape => ({
      id,
      kind,
      form,
      layout,
      partitions: partitions.length,
    }),
  )
  const logged =
    head.logged === undefined ? {} : (await loadBatchInput(store, app, head.logged.input)).sources
  const known = new Set(plan.sources.map(({ id }) => id))
  const lost = Object.keys(logged).filter((id) => !known.has(id))
  return [
    ...stateConflicts(stored, plan.states),
    ...inputConflicts(manifest?.inputs ?? {}, inputsOf(plan)),
    ...lost.map(
      (id) => `a batch is logged that reads the source "${id}", which is not in the pipeline`,
    ),
  ]
}

const incompatible = (runner: Runner, head: Head, conflicts: readonly string[]): MillraceError =>
  new MillraceError('PLAN_INCOMPATIBLE', {
    problem:
      `The store of "${runner.app}" was written by another plan, and does not fit this one: ` +
      conflicts.join('; '),
    value: `plan ${runner.plan.hash}; the store has plan ${head.plan}`,
    allowed:
      'new sources, states and outputs, and changed functions. ' +
      'Stored states must keep their name, operator and number of partitions. ' +
      'Sources must keep their name',
    fix:
      'keep the names of states and sources with .named(), use another store, ' +
      'or remove all state with millrace reset',
  })

/**
 * The generation of a run without a given number. The same plan keeps its generation; another plan
 * gets the next one. `atLeast` keeps the result above generations that outputs may still carry.
 */
export const nextGeneration = (
  head: Pick<Head, 'plan' | 'generation'> | undefined,
  { hash }: Pick<Plan, 'hash'>,
  atLeast: number,
): number =>
  head?.plan === hash ? head.generation : Math.max((head?.generation ?? 0) + 1, atLeast)
