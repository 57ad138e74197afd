import { expect, test } from 'vitest'
import type { Stage, StageName } from '../../../../lib/rdd/tasks.ts'
import type { RuntimeEvent } from '../../../../lib/runtime/events.ts'
import { StageSpreader } from '../../../../lib/runtime/tasks/stage-spreader.ts'
import { encodeAnswer, type Refusal, refused } from '../../../../lib/runtime/tasks/task-request.ts'
import { ManualClock } from '../manual-clock.ts'

const STAGE: StageName = { node: 'count-1', side: 'result', number: 1 }
const OTHER: StageName = { ...STAGE, node: 'count-2' }
const BATCH = {
  app: 'app',
  generation: 1,
  plan: 'plan',
  timeMs: 1_000,
  zeroMs: 0,
  epoch: 1,
  input: '{}',
  found: '',
}
const MINUTE_MS = 60_000

const ran = (name: StageName): Stage => ({
  ...name,
  count: 3,
  elsewhere: 'unread',
  here: async () => undefined,
  pack: async (index) => [index],
  take: () => undefined,
})

interface Spreading {
  readonly spreader: StageSpreader
  readonly clock: ManualClock
  readonly warnings: RuntimeEvent[]
  readonly run: () => Promise<unknown>
}

/** A spreader whose executors have refused in one stage. */
const refusedFor = async (why: Refusal | 'lost'): Promise<Spreading> => {
  const clock = new ManualClock(0)
  const warnings: RuntimeEvent[] = []
  const run = async (): Promise<Uint8Array> => {
    if (why === 'lost') throw new Error('the executor has ended')
    return encodeAnswer(refused(why, 'no'))
  }
  const spreader = new StageSpreader({
    executors: { count: 1, tasksAtOnce: 1, run },
    clock,
    listen: (event) => warnings.push(event),
  })
  const batch = { batch: BATCH, putAside: () => undefined, count: () => undefined }
  const spreading = { spreader, clock, warnings, run: () => spreader.run(ran(STAGE), batch) }
  await spreading.run()
  return spreading
}

test.each<[why: Refusal | 'lost', takesStage: boolean, takesOther: boolean]>([
  ['unsupported', false, true],
  ['unknown', false, true],
  ['differs', false, false],
  ['changed', true, true],
  ['failed', true, true],
  ['lost', true, true],
])('after "%s" executors are asked again a minute later', async (why, takesStage, takesOther) => {
  const { spreader, clock, warnings, run } = await refusedFor(why)
  expect([spreader.takes(STAGE), spreader.takes(OTHER)]).toEqual([takesStage, takesOther])
  await clock.runUntil(MINUTE_MS - 1)
  expect([spreader.takes(STAGE), spreader.takes(OTHER)]).toEqual([takesStage, takesOther])
  await clock.runUntil(MINUTE_MS)
  expect([spreader.takes(STAGE), spreader.takes(OTHER)]).toEqual([true, true])
  // It is said once, however often it happens again.
  await run()
  expect(warnings).toHaveLength(why === 'failed' ? 0 : 1)
})
