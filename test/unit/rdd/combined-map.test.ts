import { describe, expect, test } from 'vitest'
import { CombinedMap, Unmergeable } from '../../../lib/rdd/combined-map.ts'
import { Random } from '../../../lib/testing/random.ts'

/** Texts show the order and the grouping of reductions. */
const texts = {
  create: (value: string): string => value,
  add: (all: string, value: string): string => `(${all}+${value})`,
  merge: (a: string, b: string): string => `[${a}*${b}]`,
}

type Task = readonly (readonly [key: string, value: string])[]

/** The same by a plain loop: each task by itself, then the tasks in their order. */
const expected = (tasks: readonly Task[]): readonly (readonly [string, string])[] => {
  const totals = new Map<string, string>()
  for (const task of tasks) {
    const own = new Map<string, string>()
    for (const [key, value] of task)
      own.set(key, own.has(key) ? texts.add(own.get(key) as string, value) : texts.create(value))
    for (const [key, value] of own)
      totals.set(key, totals.has(key) ? texts.merge(totals.get(key) as string, value) : value)
  }
  return [...totals].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

const randomTask = (random: Random): Task =>
  Array.from({ length: random.between(0, 8) }, (_, index) => [
    random.pick(['a', 'b', 'c']),
    String(index),
  ])

describe('the values of keys, task by task', () => {
  test('are reduced in each task, and then merged in the order of tasks', async () => {
    const random = new Random(3)
    for (let round = 0; round < 500; round++) {
      const map = new CombinedMap<string, string, string>(texts)
      const kept: Task[] = []
      for (let tasks = random.between(1, 6); tasks > 0; tasks--) {
        const task = randomTask(random)
        const how = random.pick(['here', 'elsewhere', 'dropped', 'dropped and taken'])
        if (how !== 'dropped') kept.push(task)
        if (how === 'elsewhere') {
          await map.take(expected([task]), undefined)
          continue
        }
        for (const [key, value] of task) map.add(key, value)
        if (how === 'here') await map.nextTask(undefined)
        else map.drop()
        if (how === 'dropped and taken') await map.take(expected([task]), undefined)
      }
      expect(map.sorted()).toEqual(expected(kept))
    }
  })

  test('undefined is a value like any other', async () => {
    const map = new CombinedMap<string, undefined, unknown>({
      create: (value) => value,
      add: () => 'added',
      merge: () => 'merged',
    })
    map.add('once', undefined)
    map.add('twice', undefined)
    map.add('twice', undefined)
    await map.nextTask(undefined)
    map.add('later', undefined)
    await map.nextTask(undefined)
    map.add('later', undefined)
    await map.nextTask(undefined)
    expect(map.sorted()).toEqual([
      ['later', 'merged'],
      ['once', undefined],
      ['twice', 'added'],
    ])
  })

  test('what cannot be merged says so, and is no error of a record', async () => {
    const map = new CombinedMap<string, number | bigint, number>({
      create: Number,
      add: (a, b) => a + Number(b),
      merge: () => {
        throw new TypeError('cannot mix')
      },
    })
    map.add('a', 1)
    await map.nextTask(undefined)
    map.add('a', 2)
    await expect(map.nextTask(undefined)).rejects.toThrow(Unmergeable)
  })
})
