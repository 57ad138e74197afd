/**
 * Exactly-once on a deployed application. The example's stack and a second one run in one account
 * of an emulator that enforces roles. Records and objects are sent while functions are killed,
 * stopped, replaced and refused. After each step every total is exact.
 *
 * The test ends and stops processes of functions. So it starts an emulator of its own on this
 * machine, even when AWS_ENDPOINT_URL names one.
 *
 * Other tests cover what the emulator cannot do: kinesis-lineage.e2e.ts covers splits and merges of
 * shards; test/unit covers partial answers, conflicts, throttling and reordered or late
 * notifications, with made answers and events; test/simulation covers lost answers of every call,
 * frozen functions and clocks that differ; test/infra covers batching windows and limits of
 * retries, which the emulator ignores, as properties of the template.
 */
import { afterAll, beforeAll, test } from 'vitest'
import { changeSteps } from './steps/changes.ts'
import { deploySteps } from './steps/deploy.ts'
import { endSteps } from './steps/end.ts'
import { killSteps } from './steps/kills.ts'
import { mappingSteps } from './steps/mapping.ts'
import { objectSteps } from './steps/objects.ts'
import { recordSteps } from './steps/records.ts'
import type { Step } from './steps/step.ts'
import { twiceSteps } from './steps/twice.ts'
import { wordSteps } from './steps/words.ts'
import { zombieSteps } from './steps/zombies.ts'
import { World } from './world.ts'

const STEP_MS_MAX = 240_000

const steps: readonly Step[] = [
  ...deploySteps,
  ...recordSteps,
  ...objectSteps,
  ...wordSteps,
  ...twiceSteps,
  ...killSteps,
  ...zombieSteps,
  ...mappingSteps,
  ...changeSteps,
  ...endSteps,
]

let world: World
let failed: string | undefined

beforeAll(async () => {
  world = await World.start()
})
afterAll(async () => {
  await world?.stop()
})

/** Shown in the output of the tests. */
const say = (text: string): void => void process.stdout.write(`${text}\n`)

test.each(steps.map((step, index) => ({ ...step, number: index + 1 })))(
  '$number $name',
  { timeout: STEP_MS_MAX },
  async ({ name, number, run }) => {
    if (failed !== undefined) throw new Error(`not run, because an earlier step failed: ${failed}`)
    const startMs = Date.now()
    try {
      const line = await run(world)
      const seconds = ((Date.now() - startMs) / 1_000).toFixed(1)
      say(`${String(number).padStart(2)}  ${line}  (${seconds} s)`)
    } catch (error) {
      failed = name
      throw error
    }
  },
)
