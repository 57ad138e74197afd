import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../../../lib/base/errors.ts'
import type { Stage } from '../../../../lib/rdd/tasks.ts'
import type { KeptStage } from '../../../../lib/state/kept-tasks.ts'
import { ReadingTap } from '../../../../lib/runtime/tasks/reading-tap.ts'
import { StageKeeping } from '../../../../lib/runtime/tasks/stage-keeping.ts'
import { TaskKeeper, type TaskKeeperParts } from '../../../../lib/runtime/tasks/task-keeper.ts'

const TIMEOUT_MS = 60_000

/** An attempt whose time can be set. */
const attempt = (parts: Partial<TaskKeeperParts> = {}) => {
  const time = { nowMs: 0, leftMs: TIMEOUT_MS }
  const tap = new ReadingTap()
  let made = 0
  const keeper = new TaskKeeper({
    clock: { now: () => time.nowMs },
    invocation: { timeoutMs: TIMEOUT_MS, remainingMs: () => time.leftMs },
    kept: [],
    namesBytesMax: 8_192,
    mostTasks: 0,
    hasNewOutputs: () => false,
    tap,
    putAside: tap.putAside,
    count: tap.counted,
    read: async () => new Uint8Array(),
    name: (bytes) => {
      made += 1
      const by = `a.k${made}`
      const name = { node: '@batch', part: 0, at: '1', by }
      return { ref: { ...name, chunks: 1, bytes: bytes.byteLength, checksum: made }, items: [] }
    },
    ...parts,
  })
  return { keeper, time, tap }
}

const stageOf = (node: string, parts: Partial<Stage> = {}): Stage => ({
  node,
  side: 'result',
  number: 1,
  count: 8,
  elsewhere: 'unread',
  here: async () => undefined,
  pack: async () => [],
  take: () => undefined,
  takenSoFar: () => [[1]],
  ...parts,
})

const keptOf = (stage: string, tasks: number, count = 8): KeptStage => ({
  stage,
  tasks,
  count,
  ref: ['1', stage, 1, 1, 1],
})

describe('a stage stops', () => {
  test.each<[what: string, leftMs: number, longestMs: number, isOver: boolean]>([
    ['not while there is time', 40_000, 1_000, false],
    ['when only the reserve is left', 5_999, 0, true],
    ['when the longest task would reach into the reserve', 15_000, 10_000, true],
    ['not when it just fits', 16_000, 10_000, false],
  ])('%s', (_, leftMs, longestMs, isOver) => {
    const { keeper, time } = attempt()
    const keeping = new StageKeeping(keeper, stageOf('a'))
    keeping.took(longestMs)
    time.leftMs = leftMs
    expect(keeping.isOver(1)).toBe(isOver)
    // Without a task that is done there is nothing to keep.
    expect(keeping.isOver(0)).toBe(false)
  })

  test('and with it all others, also those that cannot be stored', () => {
    const { keeper, time } = attempt()
    const [one, other] = ['a', 'b'].map((node) => new StageKeeping(keeper, stageOf(node)))
    const unfit = new StageKeeping(keeper, stageOf('c', { takenSoFar: () => [() => undefined] }))
    time.leftMs = 1
    expect(() => unfit.stop(3)).not.toThrow()
    expect(unfit.isOver(4)).toBe(false)
    expect(() => one?.stop(2)).toThrow('')
    expect([one, other, unfit].map((stage) => stage?.isOver(0))).toEqual([true, true, true])
    expect(() => other?.stop(0)).toThrow('')
    expect(keeper.stages.map(([{ stage, tasks }]) => [stage, tasks])).toEqual([['a/result/1', 2]])
  })
})

describe('progress', () => {
  test.each<[what: string, parts: Partial<TaskKeeperParts>, taken: number, isOver: boolean]>([
    ['is a task more', { kept: [keptOf('a/result/1', 3)], mostTasks: 3 }, 4, true],
    ['is no other task', { kept: [keptOf('b/result/1', 3)], mostTasks: 4 }, 1, false],
    ['is one more of another stage', { kept: [keptOf('b/result/1', 3)], mostTasks: 3 }, 1, true],
    ['is none where the input differs each time', { kept: [], mostTasks: 5 }, 5, false],
    ['is none that the head cannot name', { namesBytesMax: 20 }, 5, false],
    ['is an output that is done', { namesBytesMax: 20, hasNewOutputs: () => true }, 1, true],
  ])('%s', (_, parts, taken, isOver) => {
    const { keeper, time } = attempt(parts)
    const keeping = new StageKeeping(keeper, stageOf('a'))
    time.leftMs = 1
    const stop = (): void => keeping.stop(taken)
    if (isOver) expect(stop).toThrow()
    else expect(stop).not.toThrow()
    expect(keeper.isOver).toBe(isOver)
  })

  test('counts again from what can be read', async () => {
    const missing = new MillraceError('SEGMENT_MISSING', { problem: 'It is gone' })
    const parts = { kept: [keptOf('a/result/1', 3)], mostTasks: 3 }
    const { keeper, time } = attempt({ ...parts, read: () => Promise.reject(missing) })
    const keeping = new StageKeeping(keeper, stageOf('a'))
    await keeping.restore()
    expect(keeping.from).toBe(0)
    time.leftMs = 1
    expect(() => keeping.stop(1)).toThrow()
  })

  test('is not lost with a store that gives no answer', async () => {
    const failed = new MillraceError('STORE_FAILED', { problem: 'There is no answer' })
    const { keeper } = attempt({
      kept: [keptOf('a/result/1', 3)],
      read: () => Promise.reject(failed),
    })
    const keeping = new StageKeeping(keeper, stageOf('a'))
    await expect(keeping.restore()).rejects.toBe(failed)
    expect(keeper.stages).toHaveLength(1)
  })

  test('of a stage with another number of tasks is not taken', () => {
    const { keeper } = attempt({ kept: [keptOf('a/result/1', 3, 9)] })
    expect(new StageKeeping(keeper, stageOf('a')).isKept).toBe(false)
  })
})

describe('a stage that is done', () => {
  test.each([
    ['is kept in an attempt that has run for long', TIMEOUT_MS / 8, 1],
    ['is not in a short one, which costs nothing', TIMEOUT_MS / 8 - 1, 0],
  ])('%s', (_, nowMs, stages) => {
    let encoded = 0
    const takenSoFar = (): unknown => [[(encoded += 1)]]
    const { keeper, time } = attempt()
    const keeping = new StageKeeping(keeper, stageOf('a', { takenSoFar }))
    time.nowMs = nowMs
    keeping.done()
    expect([keeper.stages.length, encoded]).toEqual([stages, stages])
  })
})
