import { expect, test } from 'vitest'
import { virtualExecutors } from '../../../bench/scaling/executors.ts'
import { VirtualServices } from '../../../bench/scaling/services.ts'
import { type VirtualProcess, World } from '../../../bench/scaling/world.ts'
import type { TaskServer } from '../../../lib/runtime/tasks/task-server.ts'

const MB = 1024 * 1024
const TASK_MS = 100

/** Two executors whose tasks take 100 ms and give so many bytes, called from a driver. */
const executorsOf = (bytes: number) => {
  const world = new World(0, { allMs: () => 0, threadMs: () => 0 })
  const services = new VirtualServices(world, () => undefined)
  const seen: object[] = []
  const answer = async (request: object): Promise<Uint8Array> => {
    seen.push(request)
    world.compute(TASK_MS)
    return new Uint8Array(bytes)
  }
  const load = async (): Promise<TaskServer> => ({ answer }) as unknown as TaskServer
  const executors = virtualExecutors({ world, services, count: 2, load })
  const driver: VirtualProcess = { role: 'driver', slowness: 1, busyMs: 0, freeAtMs: 0 }
  const from = (run: () => Promise<void>): void => world.at(0, () => void run(), driver)
  return { world, services, seen, executors, from, driver }
}

const SIGNAL = new AbortController().signal

test('executors compute at the same time, and their answers come to the driver', async () => {
  const { world, services, seen, executors, from, driver } = executorsOf(10)
  const ended: number[] = []
  from(async () => {
    const answers = [0, 1].map((executor) => executors.run(executor, { index: executor }, SIGNAL))
    for (const answer of answers) {
      expect(await answer).toHaveLength(10)
      expect(world.process).toBe(driver)
      ended.push(world.now())
    }
  })
  await world.runUntil(5_000)
  expect(seen).toEqual(expect.arrayContaining([{ index: 0 }, { index: 1 }]))
  // A start of 300 to 500 ms and a task of 100 ms, for both at once.
  expect(ended).toHaveLength(2)
  for (const ms of ended) expect(ms > 400 && ms < 650).toBe(true)
  expect(driver.busyMs).toBe(0)
  expect(services.meterOf('executor').take()).toMatchObject({ invocations: 2 })
})

test('a warm executor starts sooner', async () => {
  const { world, executors, from } = executorsOf(10)
  const took: number[] = []
  from(async () => {
    for (let call = 0; call < 2; call++) {
      const startMs = world.now()
      await executors.run(0, {}, SIGNAL)
      took.push(world.now() - startMs)
    }
  })
  await world.runUntil(5_000)
  expect(took).toHaveLength(2)
  expect(took[1]).toBeLessThan(TASK_MS + 30)
})

test.each([
  [4, 'an answer'],
  // In base64, 5 MB are more than 6.
  [5, 'an error'],
])('an answer of %i MB is %s', async (megabytes, expected) => {
  const { world, executors, from } = executorsOf(megabytes * MB)
  let seen = ''
  from(async () => {
    seen = await executors.run(0, {}, SIGNAL).then(
      () => 'an answer',
      () => 'an error',
    )
  })
  await world.runUntil(5_000)
  expect(seen).toBe(expected)
})
