/**
 * Each conditional write of the head is refused when any one attribute that it compares has
 * changed. Most attributes cannot change alone today: a new lease changes epoch and owner. But no
 * write may depend on which attributes the other writes change together.
 */
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { BatchInput } from '../../../../lib/runtime/driver/batch-input.ts'
import { currentHead } from '../../../../lib/runtime/driver/adopt.ts'
import { commitBatch, failBatch, stopAsFailed } from '../../../../lib/runtime/driver/commit.ts'
import type { LoggedAttempt } from '../../../../lib/runtime/driver/head-writes.ts'
import { logAgain, logBatch } from '../../../../lib/runtime/driver/log.ts'
import { goToRest, wake } from '../../../../lib/runtime/driver/rest.ts'
import { swapOrRefuse } from '../../../../lib/runtime/operations/operated.ts'
import type { Runner } from '../../../../lib/runtime/runner.ts'
import { OutputsDone } from '../../../../lib/runtime/tasks/outputs-done.ts'
import { type Head, HeadStore } from '../../../../lib/state/head.ts'
import { emptyManifest } from '../../../../lib/state/manifest.ts'
import { APP, pipelineOf, START_MS, World } from '../harness.ts'

const TIME_MS = START_MS + 1_000
const NOW_MS = START_MS + 2_000
const reason = { code: 'BATCH_FAILED', message: 'no' }
const input: BatchInput = { timeMs: TIME_MS, sources: {} }
const smaller = { timeMs: TIME_MS, sources: { lines: { kind: 'files', taken: [] } } } as never
const logged = {
  timeMs: TIME_MS,
  input: JSON.stringify(input),
  attempts: 1,
  firstMs: TIME_MS,
  retryMs: 0,
}

/** A head that nobody holds, with nothing logged. */
const FREE: Head = {
  generation: 1,
  plan: 'p',
  sources: ['lines'],
  status: 'running',
  epoch: 7,
  owner: undefined,
  leaseEndMs: 0,
  startedMs: START_MS,
  zeroMs: START_MS,
  doneMs: START_MS,
  manifest: undefined,
  afterCommit: undefined,
  offsets: {},
  wakeMs: 0,
  logged: undefined,
  reason: undefined,
  load: undefined,
}
/** A head whose batch an attempt is running. */
const HELD: Head = { ...FREE, owner: 'mine', leaseEndMs: NOW_MS - 1, logged }
const FAILED: Head = { ...FREE, status: 'failed', logged, reason }
const AT_REST: Head = { ...FREE, status: 'rest' }

const attempt: LoggedAttempt = {
  head: HELD,
  attemptId: 'mine',
  number: 1,
  isFirst: true,
  input,
  outputsDone: new OutputsDone(),
}
const manifest = emptyManifest(TIME_MS)
const manifestRef = {
  node: '@manifest',
  part: 0,
  at: 'x',
  by: 'mine',
  chunks: 1,
  bytes: 1,
  checksum: 1,
}

/** What another process may have changed, one attribute at a time. */
const CHANGES = {
  epoch: (head) => ({ epoch: head.epoch + 1 }),
  doneMs: (head) => ({ doneMs: head.doneMs + 1 }),
  generation: (head) => ({ generation: head.generation + 1 }),
  status: (head) => ({ status: head.status === 'failed' ? 'rest' : 'failed' }),
  owner: () => ({ owner: 'other' }),
  leaseEndMs: (head) => ({ leaseEndMs: head.leaseEndMs + 1 }),
  // The same batch, with another input.
  logged: (head) => ({ logged: { ...logged, ...head.logged, input: '{}' } }),
  // Another batch.
  next: (head) => ({ logged: { ...logged, ...head.logged, timeMs: TIME_MS + 1_000 } }),
  wakeMs: (head) => ({ wakeMs: head.wakeMs + 1 }),
} satisfies Record<string, (head: Head) => Partial<Head>>
type Change = keyof typeof CHANGES

const NOTHING_HAS_HAPPENED: readonly Change[] = [
  'epoch',
  'doneMs',
  'generation',
  'status',
  'owner',
  'leaseEndMs',
  'logged',
]
const STILL_MINE: readonly Change[] = ['epoch', 'owner', 'generation', 'next']

/** A write: the head that its writer has seen, what it compares, and the write. */
interface Write {
  readonly seen: Head
  readonly compares: readonly Change[]
  readonly write: (runner: Runner, seen: Head) => Promise<unknown>
}

const WRITES: Readonly<Record<string, Write>> = {
  log: {
    seen: FREE,
    compares: NOTHING_HAS_HAPPENED,
    write: (runner, seen) => logBatch(runner, seen, input, NOW_MS),
  },
  'log of a retry': {
    seen: HELD,
    compares: NOTHING_HAS_HAPPENED,
    write: (runner, seen) => logBatch(runner, seen, input, NOW_MS),
  },
  'log again, smaller': {
    seen: HELD,
    compares: STILL_MINE,
    write: (runner) => logAgain(runner, attempt, smaller),
  },
  commit: {
    seen: HELD,
    compares: STILL_MINE,
    write: (runner) =>
      commitBatch(runner, attempt, { manifest, manifestRef, afterCommit: undefined }),
  },
  'give back': {
    seen: HELD,
    compares: STILL_MINE,
    write: (runner) => failBatch(runner, attempt, reason, NOW_MS),
  },
  'stop as FAILED': {
    seen: HELD,
    compares: ['epoch', 'owner', 'generation', 'status', 'logged'],
    write: (runner, seen) => stopAsFailed(runner, seen, reason),
  },
  rest: {
    seen: FREE,
    compares: ['epoch', 'doneMs', 'generation', 'status', 'owner', 'next', 'wakeMs'],
    write: ({ heads }, seen) => goToRest(heads, seen, manifest, 1_000),
  },
  wake: {
    seen: AT_REST,
    compares: ['epoch', 'doneMs', 'generation', 'status'],
    write: ({ heads }, seen) => wake(heads, seen, NOW_MS),
  },
  adopt: {
    seen: HELD,
    compares: NOTHING_HAS_HAPPENED,
    write: (runner, seen) => currentHead({ ...runner, generation: 5 }, seen, NOW_MS),
  },
  'a command of an operator': {
    seen: FAILED,
    compares: NOTHING_HAS_HAPPENED,
    write: async ({ heads, clock }, seen) =>
      swapOrRefuse(heads, clock, seen, { ...seen, status: 'running' }, () => false).catch(refused),
  },
}

const refused = (error: unknown): void => expect(error).toMatchObject({ code: 'COMMAND_REFUSED' })

/** Writes, after another process has changed the head in this way, and tells whether it changed. */
const isWritten = async ({ seen, write }: Write, change: Partial<Head>): Promise<boolean> => {
  const { store, clock, randomness } = new World()
  const heads = new HeadStore(store, APP)
  const plan = pipelineOf((ssc) => ssc.socketTextStream('localhost', 9999).print()).build()
  const listen = (): void => undefined
  const parts = { store, clock, randomness, heads, plan, listen, app: APP }
  const before = { ...seen, ...change }
  await heads.create(before)
  await write({ ...parts, generation: 1, leaseMs: 1_000 } as unknown as Runner, seen)
  return !isDeepStrictEqual(await heads.read(), before)
}

describe.each(Object.entries(WRITES))('the write of the head: %s', (_, write) => {
  test('is done when nothing has changed', async () => {
    expect(await isWritten(write, {})).toBe(true)
  })

  test.each(write.compares)('is refused when this has changed: %s', async (name) => {
    expect(await isWritten(write, CHANGES[name](write.seen))).toBe(false)
  })
})
