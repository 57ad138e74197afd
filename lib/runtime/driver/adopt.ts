import { zeroTimeAt } from '../../base/batch-time.ts'
import type { Plan } from '../../dstream/plan.ts'
import { type Head, triedAnew } from '../../state/head.ts'
import type { Manifest } from '../../state/manifest.ts'
import type { Runner } from '../runner.ts'
import { closeSources, openSources, sourceIds } from './closed-sources.ts'
import { planError, planFit, stateFitOf } from './plan-fit.ts'
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
 * @throws MillraceError `PLAN_INCOMPATIBLE` when what is stored does not fit the plan.
 */
export const currentHead = async (
  runner: Runner,
  head: Head | undefined,
  nowMs: number,
): Promise<Head | undefined> => {
  if (head === undefined) return create(runner, nowMs)
  if (head.generation > runner.generation) return head
  if (head.generation === runner.generation) {
    if (head.plan === runner.plan.hash)
      return isLeaseHeld(head, nowMs, runner.leaseMs)
        ? head
        : openSources(runner.heads, head, sourceIds(runner.plan))
    throw planError(runner.app, runner.plan, head, [
      'a pipeline of the same generation has another graph, batch interval or layout of state: ' +
        'every deployment needs a higher generation',
    ])
  }
  return isLeaseHeld(head, nowMs, runner.leaseMs) ? head : adopt(runner, head, nowMs)
}

/**
 * Checks, whenever state is read, that the plan can read it. The adoption has checked the same; but
 * state that is read as something else would be wrong for ever.
 *
 * @throws MillraceError `PLAN_INCOMPATIBLE`.
 */
export const checkStates = ({ app, plan }: Runner, head: Head, manifest: Manifest): void => {
  const { conflicts } = stateFitOf(plan, manifest)
  if (conflicts.length > 0) throw planError(app, plan, head, conflicts)
}

const create = async (runner: Runner, nowMs: number): Promise<Head | undefined> => {
  const zeroMs = zeroTimeAt(nowMs, runner.plan.options.intervalMs)
  const first: Head = {
    generation: runner.generation,
    plan: runner.plan.hash,
    sources: sourceIds(runner.plan),
    status: 'running',
    epoch: 0,
    owner: undefined,
    leaseEndMs: 0,
    startedMs: nowMs,
    zeroMs,
    doneMs: zeroMs,
    manifest: undefined,
    afterCommit: undefined,
    offsets: {},
    wakeMs: 0,
    logged: undefined,
    reason: undefined,
    load: undefined,
  }
  const answer = await runner.heads.create(first)
  return answer.swapped ? first : undefined
}

/**
 * A new deployment may have fixed a failing batch. So its attempts start again from zero. And it
 * decides itself whether there is nothing to do: the earlier plan put the head to rest with its own
 * functions, timeouts and windows. Its code has a pace of its own: batches grow anew.
 */
const adopt = async (runner: Runner, seen: Head, nowMs: number): Promise<Head | undefined> => {
  const before = await planFit(runner, seen)
  if (before.conflicts.length > 0) throw planError(runner.app, runner.plan, seen, before.conflicts)
  const head = await closeSources(runner, seen)
  if (head === undefined) return undefined
  // B12: what intake has accepted until the sources were closed is there now.
  const { conflicts, carriedOver, left } = head === seen ? before : await planFit(runner, head)
  if (conflicts.length > 0) {
    await openSources(runner.heads, head, seen.sources)
    throw planError(runner.app, runner.plan, head, conflicts)
  }
  const next: Head = {
    ...head,
    generation: runner.generation,
    plan: runner.plan.hash,
    sources: sourceIds(runner.plan),
    status: 'running',
    wakeMs: head.status === 'rest' ? nowMs : head.wakeMs,
    owner: undefined,
    leaseEndMs: 0,
    // What is kept of its tasks stays named until the commit, and counts for its own deployment.
    logged: head.logged && {
      ...triedAnew(head.logged),
      outputsDone: [],
      finished: [],
    },
    reason: undefined,
    load: undefined,
  }
  const answer = await runner.heads.swap(
    head,
    ['epoch', 'doneMs', 'generation', 'status', 'owner', 'leaseEndMs', 'logged'],
    next,
  )
  if (!answer.swapped) return undefined
  runner.listen({ event: 'adopted', generation: runner.generation, carriedOver })
  for (const message of left) runner.listen({ event: 'warning', code: 'BINDING_CHANGED', message })
  return next
}

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
