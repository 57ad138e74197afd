import { type PlantedBug, withoutAssertion } from './bug.ts'

/** Bugs of the lease, of retries, of generations, and of rest. */
export const headBugs: readonly PlantedBug[] = [
  {
    name: 'commit compared on the next batch alone',
    effect: 'a zombie commits a batch that another runner is at work on',
    edits: [
      {
        file: 'lib/runtime/driver/head-writes.ts',
        find: "const MINE: HeadCondition = ['epoch', 'owner', 'generation', 'next']",
        replace: "const MINE: HeadCondition = ['next']",
      },
    ],
  },
  {
    name: 'refusal taken for success',
    effect: 'a runner that was refused the lease goes on with it',
    edits: [
      {
        file: 'lib/runtime/driver/head-writes.ts',
        find: 'answer.swapped || (answer.head !== undefined && isMine(answer.head))',
        replace: 'answer.swapped || answer.head !== undefined || isMine === undefined',
      },
    ],
  },
  {
    name: 'lease not checked',
    effect: 'two runners do the same work, and one takes the lease of the other',
    edits: [
      {
        file: 'lib/runtime/driver/driver.ts',
        find: 'if (isLeaseHeld(head, nowMs, leaseMs))',
        replace: 'if (isLeaseHeld(head, Infinity, leaseMs))',
      },
    ],
  },
  {
    name: 'epoch kept for a retry',
    effect: 'two attempts at a batch have the same fence',
    edits: [
      {
        file: 'lib/runtime/driver/log.ts',
        find: 'epoch: head.epoch + 1, owner: attemptId,',
        replace: `epoch: logged === undefined ? head.epoch + 1 : head.epoch,
    owner: attemptId,`,
      },
    ],
  },
  {
    name: 'pointer before its segment',
    effect: 'the head names an input that is still on its way to the store',
    edits: [
      {
        file: 'lib/runtime/driver/batch-input.ts',
        find: 'return writeSegment(store, app, name,',
        replace: `const putAll = async (items: Parameters<ItemStore["putAll"]>[0]) =>
    void store.putAll(items).catch(() => undefined)
  return writeSegment({ ...store, putAll }, app, name,`,
      },
    ],
  },
  {
    name: 'clock not compared with that of the store',
    effect: 'a process whose clock is ahead runs batches before their time',
    edits: [
      {
        file: 'lib/runtime/driver/driver.ts',
        find: 'const SKEW_MS_MAX = 2_000',
        replace: 'const SKEW_MS_MAX = Infinity',
      },
    ],
  },
  {
    name: 'batch times off the grid after a wake',
    effect: 'a batch has the time of the wake',
    edits: [
      {
        file: 'lib/runtime/driver/schedule.ts',
        find: 'gridTimeAtOrAfter(Math.max(head.doneMs + 1, head.wakeMs), head.zeroMs, intervalMs)',
        replace: `head.wakeMs > head.doneMs
    ? head.wakeMs
    : gridTimeAtOrAfter(head.doneMs + 1, head.zeroMs, intervalMs)`,
      },
    ],
  },
  {
    name: 'retry without its pause',
    effect: 'a failing batch is tried again at once',
    edits: [
      {
        file: 'lib/runtime/driver/driver.ts',
        find: 'if (isPaused(logged, nowMs) && !aheadOfClock) return',
        replace: 'if (logged.retryMs > nowMs + 10 * 60_000 && !aheadOfClock) return',
      },
    ],
  },
  {
    name: 'failed too soon',
    effect: 'an application fails as soon as one of its two limits is used up',
    edits: [
      {
        file: 'lib/runtime/driver/schedule.ts',
        find: 'failedAttempts(logged) >= retry.attempts && nowMs',
        replace: 'failedAttempts(logged) >= retry.attempts || nowMs',
      },
    ],
  },
  {
    name: 'adopted over a lease',
    effect: 'a new deployment takes the head from a runner in the middle of a batch',
    edits: [
      {
        file: 'lib/runtime/driver/adopt.ts',
        find: 'return isLeaseHeld(head, nowMs, runner.leaseMs) ? head : adopt(',
        replace: 'return isLeaseHeld(head, Infinity, runner.leaseMs) ? head : adopt(',
      },
    ],
  },
  {
    name: 'generation from a hash',
    effect: 'old and new deployments take the head from each other',
    edits: [
      {
        file: 'lib/runtime/driver/driver.ts',
        find: 'if (head.generation > generation) return',
        replace: 'if ((head.generation * 7) % 5 > (generation * 7) % 5) return',
      },
      {
        file: 'lib/runtime/driver/adopt.ts',
        find: 'if (head.generation > runner.generation) return head\n',
        replace: 'if ((head.generation * 7) % 5 > (runner.generation * 7) % 5) return head\n',
      },
      withoutAssertion('lib/state/head.ts', 'next.generation >= seen.generation'),
    ],
  },
  {
    name: 'trigger for each batch time that has passed',
    effect: 'a process that stood still for days calls the driver some hundred thousand times',
    edits: [
      {
        file: 'lib/runtime/driver/triggers.ts',
        find: 'Math.max(outcome.dueMs ?? Infinity, latestMs)',
        replace: 'outcome.dueMs ?? latestMs + Infinity',
      },
    ],
  },
  {
    name: 'lanes not read again after going to rest',
    effect: 'what was appended while the head went to rest stays there',
    edits: [
      {
        file: 'lib/runtime/driver/attempt.ts',
        find: "if (rested !== undefined) runner.listen({ event: 'rest', timeMs: head.doneMs })",
        replace: `if (rested !== undefined)
    return {
      outcome: { kind: 'idle', dueMs: undefined },
      after: { manifest, manifestRef, state: before.state },
    }`,
      },
    ],
  },
]
