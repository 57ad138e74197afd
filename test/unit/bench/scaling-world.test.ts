import { describe, expect, test } from 'vitest'
import { type VirtualProcess, World } from '../../../bench/scaling/world.ts'

const processOf = (slowness = 1): VirtualProcess => ({
  role: 'one',
  slowness,
  busyMs: 0,
  freeAtMs: 0,
})

/** A world whose program computes only when a test says so. */
const quiet = (): { readonly world: World; readonly compute: (ms: number) => void } => {
  const world = new World(1_000, { allMs: () => 0, threadMs: () => 0 })
  return { world, compute: (ms) => world.compute(ms) }
}

describe('a world in virtual time', () => {
  test('what happens comes in the order of its times, and of its making', async () => {
    const { world } = quiet()
    const seen: string[] = []
    for (const [name, atMs] of [
      ['c', 30],
      ['a', 10],
      ['d', 30],
      ['b', 20],
    ] as const)
      world.at(1_000 + atMs, () => void seen.push(`${name}${world.now() - 1_000}`))
    await world.runUntil(1_030)
    expect(seen).toEqual(['a10', 'b20'])
    await world.runUntil(2_000)
    expect(seen).toEqual(['a10', 'b20', 'c30', 'd30'])
    expect(world.now()).toBe(2_000)
  })

  test.each([
    ['the same process waits until it is free', true, [1_000, 1_008]],
    ['two processes compute at the same time', false, [1_000, 1_002]],
  ])('%s', async (_, isOne, expected) => {
    const { world, compute } = quiet()
    const first = processOf()
    const begun: number[] = []
    const step = (): void => {
      begun.push(world.now())
      compute(8)
    }
    world.at(1_000, step, first)
    world.at(1_002, step, isOne ? first : processOf())
    await world.runUntil(2_000)
    expect(begun).toEqual(expected)
  })

  test('a slow process takes longer, and what it computes passes before it goes on', async () => {
    const { world, compute } = quiet()
    const slow = processOf(2)
    const seen: number[] = []
    const run = async (): Promise<void> => {
      compute(5)
      seen.push(world.now())
      await world.sleep(100)
      compute(1)
      seen.push(world.now())
    }
    world.at(1_000, () => void run(), slow)
    await world.runUntil(2_000)
    expect(seen).toEqual([1_010, 1_112])
    expect(slow.busyMs).toBe(12)
  })

  test('the measured time of the processor passes, and its share of other threads', async () => {
    // Other threads work a third as long as this one, whatever it does.
    let threadMs = 0
    let readings = 0
    const allMs = (): number => ((readings += 1), threadMs * (4 / 3))
    const world = new World(0, { allMs, threadMs: () => threadMs })
    const [one, other] = [processOf(), processOf()]
    for (let atMs = 0; atMs < 300; atMs += 3) {
      world.at(atMs, () => void (threadMs += 1), atMs % 2 === 0 ? one : other)
      // Outside of steps: this belongs to nobody.
      world.at(atMs + 2, () => void (threadMs += 3))
    }
    await world.runUntil(1_000)
    expect([one.busyMs, other.busyMs].map(Math.round)).toEqual([67, 67])
    // Reading the time of all threads is slow.
    expect(readings).toBe(1 + 100 / 5)
  })

  test('a run stops when it is enough, and sleeping needs a step', async () => {
    const { world } = quiet()
    const seen: number[] = []
    for (const atMs of [1_001, 1_002]) world.at(atMs, () => void seen.push(atMs))
    await world.runUntil(2_000, () => seen.length === 1)
    expect([seen, world.now()]).toEqual([[1_001], 1_001])
    expect(() => world.sleep(1)).toThrow('outside of a step')
  })
})
