/**
 * A conditional write whose answer is lost is sent again, and refused. The head then shows whether
 * the first one was written (B2, B5). A refusal that shows the write of another process is none.
 */
import { describe, expect, test } from 'vitest'
import { type BatchInput, offsetsAfterBatch } from '../../../../lib/runtime/driver/batch-input.ts'
import { commitBatch, failBatch } from '../../../../lib/runtime/driver/commit.ts'
import type { LoggedAttempt } from '../../../../lib/runtime/driver/head-writes.ts'
import type { Runner } from '../../../../lib/runtime/runner.ts'
import { OutputsDone } from '../../../../lib/runtime/tasks/outputs-done.ts'
import type { Head, HeadSwap } from '../../../../lib/state/head.ts'
import { laneOffsetsForHead } from '../../../../lib/state/lane-offsets.ts'
import { emptyManifest } from '../../../../lib/state/manifest.ts'
import { pipelineOf, START_MS, World } from '../harness.ts'

const TIME_MS = START_MS + 1_000
const input: BatchInput = { timeMs: TIME_MS, sources: {} }
const head: Head = {
  generation: 1,
  sources: ['lines'],
  plan: 'p',
  status: 'running',
  epoch: 7,
  owner: 'mine',
  leaseEndMs: START_MS + 60_000,
  startedMs: START_MS,
  zeroMs: START_MS,
  doneMs: START_MS,
  manifest: undefined,
  afterCommit: undefined,
  offsets: {},
  wakeMs: 0,
  logged: { timeMs: TIME_MS, input: '{}', attempts: 1, firstMs: TIME_MS, retryMs: 0 },
  reason: undefined,
  load: undefined,
}
const attempt: LoggedAttempt = {
  head,
  attemptId: 'mine',
  number: 1,
  isFirst: true,
  input,
  outputsDone: new OutputsDone(),
}
const reason = { code: 'BATCH_FAILED', message: 'no' }
const manifestBy = (by: string) => ({
  node: '@manifest',
  part: 0,
  at: 'x',
  by,
  chunks: 1,
  bytes: 1,
  checksum: 1,
})

/** A runner whose write of the head is refused, because the head is like this. */
const refusedBy = (current: Head): Runner => {
  const { clock, store } = new World()
  const plan = pipelineOf((ssc) => ssc.socketTextStream('localhost', 9999).print()).build()
  const swap = async (): Promise<HeadSwap> => ({ swapped: false, head: current })
  return { clock, store, plan, heads: { swap } } as unknown as Runner
}

describe('a commit that is refused', () => {
  const done = { ...head, doneMs: TIME_MS, owner: undefined, logged: undefined }
  test.each<[string, Head, boolean]>([
    ['by its own commit', { ...done, manifest: manifestBy('mine') }, true],
    ['by the commit of another process', { ...done, manifest: manifestBy('other') }, false],
    ['by a lease of another process', { ...head, epoch: 8, owner: 'other' }, false],
  ])('%s', async (_, current, isMine) => {
    const committed = await commitBatch(refusedBy(current), attempt, {
      manifest: emptyManifest(TIME_MS),
      manifestRef: manifestBy('mine'),
      afterCommit: undefined,
    })
    expect(committed !== undefined).toBe(isMine)
  })
})

describe('a failure that is refused', () => {
  const free = { ...head, owner: undefined, leaseEndMs: 0, reason }
  test.each<[string, Head, boolean]>([
    ['by its own write', free, true],
    ['by a lease of another process', { ...free, epoch: 8, owner: 'other' }, false],
    ['by a later failure of another process', { ...free, epoch: 8 }, false],
    ['by its own lease', head, false],
  ])('%s', async (_, current, isMine) => {
    const failed = await failBatch(refusedBy(current), attempt, reason, TIME_MS)
    expect(failed !== undefined).toBe(isMine)
  })
})

test('the offsets of a source that a batch does not read stay', () => {
  const before = { one: { lanes: { a: '1' } }, other: { lanes: { b: '2' } } }
  const moved = { one: { kind: 'lanes', offsets: { lanes: { a: '5', c: '1' } } } }
  const taken = { ...input, sources: moved } as unknown as BatchInput
  const offsets = offsetsAfterBatch(before, taken)
  expect(laneOffsetsForHead({ itemBytesMax: 400_000 }, { offsets })).toEqual({
    one: { a: '5', c: '1' },
    other: { b: '2' },
  })
})
