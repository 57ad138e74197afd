import { describe, expect, test } from 'vitest'
import { groupsOf } from '../../../lib/rdd/groups.ts'

const MIB = 1024 * 1024

/** The sizes of tasks for partitions of these sizes, in MiB. Undefined: computed here. */
const tasksOf = (sizes: readonly (number | undefined)[], taskMib?: number): readonly number[][] =>
  groupsOf(
    sizes.length,
    (index) => {
      const size = sizes[index]
      return size === undefined ? undefined : size * MIB
    },
    taskMib === undefined ? undefined : taskMib * MIB,
  ).map((group) => group.map((index) => sizes[index] ?? 0))

const many = (count: number, size: number): readonly number[] =>
  Array.from({ length: count }, () => size)

describe('partitions', () => {
  test.each<[what: string, sizes: readonly (number | undefined)[], tasks: readonly number[][]]>([
    ['none', [], []],
    ['small ones share a task', [1, 2, 3], [[1, 2, 3]]],
    ['without a size are tasks by themselves', [undefined, undefined], [[0], [0]]],
    ['one without a size is between others', [1, undefined, 2], [[1], [0], [2]]],
    ['a large one is a task by itself', [1, 40, 1, 1], [[1], [40], [1, 1]]],
    ['as many as fit, in their order', [4, 4, 4], [[4, 4], [4]]],
  ])('%s', (_, sizes, tasks) => {
    expect(tasksOf(sizes)).toEqual(tasks)
  })

  test.each([
    { input: 64, each: 4, tasks: 8, size: 8 },
    { input: 300, each: 4, tasks: 19, size: 16 },
    { input: 512, each: 4, tasks: 16, size: 32 },
    { input: 4_096, each: 4, tasks: 128, size: 32 },
  ])(
    'an input of $input MiB has $tasks tasks of at most $size MiB',
    ({ input, each, tasks, size }) => {
      const groups = tasksOf(many(input / each, each))
      expect(groups).toHaveLength(tasks)
      expect(Math.max(...groups.map((group) => group.reduce((a, b) => a + b)))).toBe(size)
    },
  )

  test('have tasks of a given size where one is given', () => {
    expect(tasksOf([1, 1, 1], 2)).toEqual([[1, 1], [1]])
  })
})
