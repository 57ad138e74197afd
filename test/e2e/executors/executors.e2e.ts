/**
 * Executors as deployed functions: a stream of eight shards and files, four executors, and batches
 * that are large enough to be spread. Executors are killed and stopped at random while batches run,
 * and once the driver is killed too. After each wave every total is exact.
 *
 * It starts an emulator of its own, as deployed.e2e.ts does and for the same reasons. Roles are
 * enforced, so executors have no more rights than the construct gives them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lambdaExecutors } from '../../../lib/adapters/aws/lambda-executors.ts'
import { decodeAnswer } from '../../../lib/runtime/tasks/task-request.ts'
import { Random } from '../../../lib/testing/random.ts'
import { signalFunction } from '../deployed/processes.ts'
import { isInvocation } from './executor-calls.ts'
import { type Faults, type Hit, withRandomFaults } from './random-faults.ts'
import { type Amount, EXECUTORS, World } from './world.ts'

const START_MS_MAX = 240_000
const WAVE_MS_MAX = 180_000

/** Of 4 KB each: 40 MB in the stream, and 24 MB in objects. So a stage has five tasks and more. */
const LINES: Amount = { stream: 10_000, objects: 6_000 }
const SHARDS = 8
const SEED = 10

interface Wave {
  readonly name: string
  readonly faults: Faults
}

/** A task that the executors refuse at once. */
const OF_NOBODY = { app: 'nobody' }
const GIVEN_UP_MS = 300
const BUSY_MS = 1_000

const NONE: Faults = { kills: 0, stops: 0, driver: false }

const waves: readonly Wave[] = [
  { name: 'while nothing fails', faults: NONE },
  {
    name: 'while executors are killed and stopped at random',
    faults: { kills: 0.3, stops: 0.3, driver: false },
  },
  {
    name: 'while executors and the driver are killed at random',
    faults: { kills: 0.3, stops: 0, driver: true },
  },
  { name: 'after the faults', faults: NONE },
]

let world: World
let sent = 0

beforeAll(async () => {
  world = await World.start()
}, START_MS_MAX)
afterAll(() => world?.stop())

/** Shown in the output of the tests. */
const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** What executors have computed, and what died. */
const expectWork = (wave: number, faults: Faults, hit: Hit): void => {
  const { byExecutor, total } = world.calls
  expect(total.refused).toBe(0)
  // How many results are large is a matter of luck while most of them are lost.
  expect(total.done + total.large + total.moved, 'what executors gave').toBeGreaterThan(0)
  if (faults === NONE) {
    expect(total.large, 'results that went by the bucket').toBeGreaterThan(0)
    expect(total.lost).toBe(0)
    // An executor that gave no answer gets no state for a minute.
    if (wave === 1) expect(total.moved).toBeGreaterThan(0)
    expect(byExecutor.map(({ done, large }) => done + large > 0)).toEqual(
      Array.from({ length: EXECUTORS }, () => true),
    )
  } else {
    expect(hit.killed).toBeGreaterThan(0)
    if (faults.stops > 0) expect(hit.stopped).toBeGreaterThan(0)
    expect(total.lost).toBeGreaterThan(0)
  }
  if (!faults.driver) return
  expect(hit.drivers).toBeGreaterThan(0)
  expect(new Set(world.attempts).size, 'a batch had two attempts').toBeLessThan(
    world.attempts.length,
  )
}

test.each(waves.map((wave, index) => ({ ...wave, number: index + 1 })))(
  'totals are exact $name',
  { timeout: WAVE_MS_MAX },
  async ({ name, faults, number }) => {
    const startMs = Date.now()
    const left = (await world.answers()).length
    world.calls.reset()
    world.attempts.length = 0
    const random = new Random(SEED + number)
    const hit = await withRandomFaults(world, random, faults, async () => {
      sent += LINES.stream + LINES.objects
      await world.pour(`wave${number}`, LINES)
      expect(await world.settled()).toEqual({ counted: sent, lost: 0, twice: 0 })
    })
    const seconds = ((Date.now() - startMs) / 1_000).toFixed(1)
    const { done, moved, large, lost, busy } = world.calls.total
    say(
      `${name}: ${sent.toLocaleString('en')} counted, 0 lost, 0 twice; executors gave ` +
        `${done + large} results, ${large} of them by the bucket, and moved ${moved} partitions; ` +
        `${lost} results were lost, and ` +
        `${busy} calls found one busy; ${hit.killed} executors and ${hit.drivers} drivers were ` +
        `killed, ${hit.stopped} stopped (${seconds} s)`,
    )
    expect(await world.different()).toEqual({ lines: number * LINES.stream, times: 1 })
    expect(await world.deadLetters()).toBe(0)
    expectWork(number, faults, hit)
    expect([...world.lanes].filter((lane) => lane.startsWith('kinesis'))).toHaveLength(SHARDS)
    // The driver deletes each large result that it has read. What it did not wait for stays.
    const kept = (await world.answers()).length - left
    if (faults === NONE) expect(kept, 'large results that stay').toBeLessThan(large)
  },
)

test('an executor that is busy with a task that was given up is called again', async () => {
  const [functionName = ''] = world.executors
  const executors = lambdaExecutors({ functions: [functionName] })
  const calls = world.gates.front.count(isInvocation)
  expect(signalFunction(functionName, 'SIGSTOP')).toBeGreaterThan(0)
  const givenUp = new AbortController()
  const first = executors.run(0, OF_NOBODY, givenUp.signal)
  await sleep(GIVEN_UP_MS)
  givenUp.abort()
  await expect(first).rejects.toThrow('abort')
  const second = executors.run(0, OF_NOBODY, new AbortController().signal)
  await sleep(BUSY_MS)
  signalFunction(functionName, 'SIGCONT')
  expect(decodeAnswer(await second)).toMatchObject({ kind: 'refused', why: 'differs' })
  expect(calls(), 'calls of both').toBeGreaterThan(2)
})
