import { describe, expect, test } from 'vitest'
import type { Executors } from '../../../../lib/ports/executors.ts'
import type { Stage } from '../../../../lib/rdd/tasks.ts'
import { packResult } from '../../../../lib/runtime/tasks/columns.ts'
import { type SpreadParts, spreadStage } from '../../../../lib/runtime/tasks/spread-stage.ts'
import {
  encodeAnswer,
  refused,
  type TaskAnswer,
  type TaskRequest,
} from '../../../../lib/runtime/tasks/task-request.ts'
import { ManualClock } from '../manual-clock.ts'

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

/** What an executor gives for a task: one number, marked as its own. */
const done = (index: number): TaskAnswer => ({
  kind: 'done',
  data: packResult('result', [index]),
  counted: [['in', index, 10]],
  deadLetters: [],
})

interface Spreading {
  readonly taken: number[]
  readonly here: number[]
  readonly counted: unknown[]
  readonly noResults: string[]
  readonly ended: Promise<number>
  readonly clock: ManualClock
}

/** Spreads tasks. `pack`: what this process does for each. */
const spread = (
  count: number,
  executors: Executors,
  { pack, take, stop }: Partial<Pick<Stage, 'pack' | 'take'> & Pick<SpreadParts, 'stop'>> = {},
): Spreading => {
  const clock = new ManualClock(0)
  const seen = { taken: [] as number[], here: [] as number[], counted: [] as unknown[] }
  const noResults: string[] = []
  const stage: Stage = {
    node: 'count-1',
    side: 'result',
    number: 1,
    count,
    elsewhere: 'unread',
    here: async () => undefined,
    pack: async (index) => {
      seen.here.push(index)
      return pack === undefined ? [index] : pack(index)
    },
    take: async (data) => {
      await take?.(data)
      seen.taken.push(...(data as number[]))
    },
  }
  const ended = spreadStage(stage, {
    executors,
    clock,
    batch: BATCH,
    putAside: () => undefined,
    count: (part) => seen.counted.push(part),
    noResult: (_, why) => noResults.push(why),
    stop,
  })
  return { ...seen, noResults, ended, clock }
}

const turns = async (many = 5): Promise<void> => {
  for (let turn = 0; turn < many; turn++) await new Promise(setImmediate)
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** Executors whose answers wait until they are let go. */
class HeldExecutors implements Executors {
  readonly count: number
  readonly tasksAtOnce: number
  readonly asked: TaskRequest[] = []
  readonly aborted: number[] = []
  /** How many tasks each executor has now, and has had at most. */
  readonly has: number[]
  readonly most: number[]
  readonly #waiting = new Map<number, (answer: TaskAnswer | Error) => void>()

  constructor(count: number, tasksAtOnce = 1) {
    this.count = count
    this.tasksAtOnce = tasksAtOnce
    this.has = numbers(count).fill(0)
    this.most = numbers(count).fill(0)
  }

  run(executor: number, request: object, signal: AbortSignal): Promise<Uint8Array> {
    const task = request as TaskRequest
    this.asked.push(task)
    const now = (this.has[executor] ?? 0) + 1
    this.has[executor] = now
    this.most[executor] = Math.max(this.most[executor] ?? 0, now)
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    this.#waiting.set(task.index, (answer) => {
      this.has[executor] = (this.has[executor] ?? 0) - 1
      if (answer instanceof Error) reject(answer)
      else resolve(encodeAnswer(answer))
    })
    signal.addEventListener('abort', () => {
      if (this.#waiting.has(task.index)) this.aborted.push(task.index)
      this.answer(task.index, new Error('aborted'))
    })
    return promise
  }

  answer(index: number, answer: TaskAnswer | Error = done(index)): void {
    this.#waiting.get(index)?.(answer)
    this.#waiting.delete(index)
  }

  get waiting(): readonly number[] {
    return [...this.#waiting.keys()]
  }
}

const never = (): Promise<never> => new Promise(() => undefined)

describe('the tasks of a stage', () => {
  test('are taken in their order, whoever is faster', async () => {
    const executors = new HeldExecutors(3)
    const first = Promise.withResolvers<void>()
    const { taken, ended } = spread(8, executors, {
      pack: async (index) => {
        if (index === 0) await first.promise
        return [index]
      },
    })
    while (executors.waiting.length > 0) {
      executors.answer(executors.waiting.at(-1) as number)
      await turns(1)
    }
    expect(taken).toEqual([])
    first.resolve()
    while (taken.length < 8) {
      for (const index of executors.waiting) executors.answer(index)
      await turns(1)
    }
    await ended
    expect(taken).toEqual(numbers(8))
  })

  test.each([1, 2])('are given to an executor %i at a time', async (tasksAtOnce) => {
    const executors = new HeldExecutors(2, tasksAtOnce)
    const { taken, ended } = spread(40, executors, {
      pack: async (index) => (await turns(3), [index]),
    })
    while (taken.length < 40) {
      for (const index of executors.waiting) executors.answer(index)
      await turns(1)
    }
    await ended
    expect(taken).toEqual(numbers(40))
    expect(executors.most).toEqual([tasksAtOnce, tasksAtOnce])
  })

  test('that are far ahead of the oldest one wait, so that few results are in memory', async () => {
    const executors = new HeldExecutors(2)
    const { taken, ended } = spread(1_000, executors, { pack: async () => never() })
    for (let turn = 0; turn < 100; turn++) {
      for (const index of executors.waiting) executors.answer(index)
      await turns(1)
    }
    // The first one never ends here: three for each that computes.
    expect(taken).toEqual([])
    expect(executors.asked).toHaveLength(8)
    void ended
  })

  test('are counted where an executor has read for them', async () => {
    const executors = new HeldExecutors(1)
    const { counted, taken, ended } = spread(2, executors, {
      pack: async (index) => (await turns(4), [index]),
    })
    executors.answer(1)
    await ended
    expect(taken).toEqual([0, 1])
    expect(counted).toEqual([['in', 1, 10]])
  })

  test.each<[what: string, answer: TaskAnswer | Error, noResult: string]>([
    ['whose executor has ended', new Error('it has ended'), 'lost'],
    ['that threw', refused('failed', 'an error'), 'failed'],
    ['whose result cannot be sent', refused('unsupported', 'a class'), 'unsupported'],
    ['that an executor does not know', refused('unknown', 'no stage'), 'unknown'],
    ['of other code', refused('differs', 'generation 2'), 'differs'],
  ])('%s run here', async (_, answer, noResult) => {
    const executors = new HeldExecutors(1)
    const { taken, here, noResults, ended } = spread(3, executors, {
      pack: async (index) => (await turns(4), [index]),
    })
    executors.answer(1, answer)
    await turns(1)
    executors.answer(2, answer)
    await ended
    expect(taken).toEqual([0, 1, 2])
    expect(new Set(here)).toEqual(new Set([0, 1, 2]))
    expect(noResults[0]).toBe(noResult)
  })

  test('go to no executor that has given no result twice', async () => {
    const executors = new HeldExecutors(1)
    const { taken, ended } = spread(30, executors, {
      pack: async (index) => (await turns(3), [index]),
    })
    while (taken.length < 30) {
      for (const index of executors.waiting) executors.answer(index, new Error('it has ended'))
      await turns(1)
    }
    await ended
    expect(executors.asked).toHaveLength(2)
  })

  test('that take an executor very long run here too, and its answer is dropped', async () => {
    const executors = new HeldExecutors(1)
    const { taken, here, counted, clock, ended } = spread(2, executors)
    await turns()
    expect(here).toEqual([0])
    await clock.runUntil(1_999)
    await turns()
    expect(here).toEqual([0])
    await clock.runUntil(2_000)
    await turns()
    await ended
    expect(here).toEqual([0, 1])
    expect(taken).toEqual([0, 1])
    expect(executors.aborted).toEqual([1])
    expect(counted).toEqual([])
  })

  test('count once if an answer comes while what ran here is taken', async () => {
    const executors = new HeldExecutors(1)
    const held = Promise.withResolvers<void>()
    const { taken, counted, clock, ended } = spread(2, executors, {
      take: async (data) => {
        if ((data as number[])[0] === 1) await held.promise
      },
    })
    await turns()
    await clock.runUntil(2_000)
    await turns()
    executors.answer(1)
    await turns()
    held.resolve()
    await ended
    await turns()
    expect(taken).toEqual([0, 1])
    expect(counted).toEqual([])
  })

  test('wait for an executor as long as three of the longest tasks', async () => {
    const executors = new HeldExecutors(1)
    const started = Promise.withResolvers<void>()
    const { here, clock, taken, ended } = spread(2, executors, {
      pack: async (index) => {
        if (index === 0) await started.promise
        return [index]
      },
    })
    await clock.runUntil(10_000)
    started.resolve()
    await turns()
    await clock.runUntil(29_999)
    await turns()
    expect(here).toEqual([0])
    await clock.runUntil(30_000)
    await turns()
    await ended
    expect(here).toEqual([0, 1])
    expect(taken).toEqual([0, 1])
  })

  test.each<[where: string, parts: Partial<Pick<Stage, 'pack' | 'take'>>]>([
    [
      'here',
      {
        pack: async () => {
          throw new RangeError('broken')
        },
      },
    ],
    [
      'while a result is taken',
      {
        take: () => {
          throw new RangeError('broken')
        },
      },
    ],
  ])('fail the stage when something throws %s, and leave nothing running', async (_, parts) => {
    const executors = new HeldExecutors(2)
    const { ended } = spread(9, executors, parts)
    await expect(ended).rejects.toThrow('broken')
    expect(executors.waiting).toEqual([])
    expect(executors.has).toEqual([0, 0])
    const asked = executors.asked.length
    await turns()
    expect(executors.asked).toHaveLength(asked)
  })

  describe('that must stop', () => {
    const stopping = (): { isOver: boolean; isUrgent: boolean } => ({
      isOver: false,
      isUrgent: false,
    })
    const stopOf = (state: ReturnType<typeof stopping>): NonNullable<SpreadParts['stop']> => ({
      isOver: () => state.isOver,
      get isUrgent() {
        return state.isUrgent
      },
      took: () => undefined,
    })

    test('begin no more, and those that run are taken', async () => {
      const executors = new HeldExecutors(2)
      const state = stopping()
      const first = Promise.withResolvers<void>()
      const pack = async (index: number): Promise<number[]> => {
        if (index === 0) await first.promise
        return [index]
      }
      const { taken, here, ended } = spread(20, executors, { pack, stop: stopOf(state) })
      await turns()
      expect(executors.waiting).toEqual([1, 2])
      state.isOver = true
      first.resolve()
      await turns()
      expect(taken).toEqual([0])
      executors.answer(2)
      await turns()
      executors.answer(1)
      expect(await ended).toBe(3)
      expect([taken, here]).toEqual([numbers(3), [0]])
      expect(executors.asked).toHaveLength(2)
    })

    test('are not waited for when it is urgent, and nothing is taken later', async () => {
      const executors = new HeldExecutors(2)
      const state = stopping()
      const { taken, ended, clock } = spread(20, executors, {
        pack: async (index) => (index === 0 ? [0] : never()),
        stop: stopOf(state),
      })
      state.isOver = true
      await turns()
      state.isUrgent = true
      await clock.runUntil(500)
      expect(await ended).toBe(1)
      for (const index of executors.waiting) executors.answer(index)
      await turns()
      expect(taken).toEqual([0])
      expect(executors.aborted).toEqual([1, 2])
    })

    test('give those before one that an executor has lost', async () => {
      const executors = new HeldExecutors(2)
      const state = stopping()
      const { taken, ended } = spread(20, executors, { stop: stopOf(state) })
      state.isOver = true
      await turns()
      executors.answer(1, new Error('lost'))
      executors.answer(2)
      expect(await ended).toBe(1)
      expect(taken).toEqual([0])
    })
  })
})
