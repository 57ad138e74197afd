import { expect, test } from 'vitest'
import { type BatchInput, storeBatchInput } from '../../../../lib/runtime/driver/batch-input.ts'
import { logAgain, logBatch } from '../../../../lib/runtime/driver/log.ts'
import type { Runner } from '../../../../lib/runtime/runner.ts'
import { type Head, HeadStore } from '../../../../lib/state/head.ts'
import { APP, pipelineOf, START_MS, World } from '../harness.ts'

test('B2: a runner with an old head does not undo the log of a smaller input', async () => {
  const world = new World()
  world.deploy(pipelineOf((ssc) => ssc.socketTextStream('localhost', 9999).print()))
  const heads = new HeadStore(world.store, APP)
  const { store, clock, randomness } = world
  const runner = {
    store,
    clock,
    randomness,
    app: APP,
    heads,
    generation: 1,
    leaseMs: 1_000,
  } as unknown as Runner
  const timeMs = START_MS + 1_000
  const inputOf = (...taken: readonly string[]): BatchInput =>
    ({ timeMs, sources: { files: { kind: 'files', taken } } }) as unknown as BatchInput
  const first: Head = {
    generation: 1,
    plan: 'p',
    sources: ['lines'],
    status: 'running',
    epoch: 0,
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
  await heads.create(first)
  const attempt = await logBatch(runner, first, inputOf('a', 'b'), START_MS)
  const seen = (await heads.read()) as Head
  expect(attempt && (await logAgain(runner, attempt, inputOf('b')))).toBeDefined()
  // Its lease is over for a runner that read the head in between.
  expect(await logBatch(runner, seen, inputOf('a', 'b'), START_MS + 60_000)).toBeUndefined()
  const stored = await storeBatchInput(world.store, APP, 'any', inputOf('b'))
  expect((await heads.read())?.logged?.input).toEqual(stored)
})
