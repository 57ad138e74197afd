import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../../lib/base/errors.ts'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import {
  type DeploymentRequest,
  releaseApplication,
  takeGeneration,
} from '../../../lib/runtime/generations.ts'
import type { ItemStore } from '../../../lib/ports/item-store.ts'
import { pipelineOf, World } from './harness.ts'

const APP = 'clicks'
const ours = (id: string, more: Partial<DeploymentRequest> = {}): DeploymentRequest => ({
  id,
  stack: 'ours',
  resource: 'Generation',
  ...more,
})
const partsOf = (store: ItemStore = memoryItemStore()) => ({
  store,
  clock: { now: () => 0, sleep: async () => undefined },
  app: APP,
})

// A name that comes again is a request that comes again.
test.each<{ what: string; requests: readonly string[]; numbers: readonly number[] }>([
  { what: 'deployments', requests: ['A', 'B', 'C'], numbers: [1, 2, 3] },
  {
    what: 'a request that comes twice',
    requests: ['A', 'A', 'B', 'B', 'B'],
    numbers: [1, 1, 2, 2, 2],
  },
  { what: 'a roll-back', requests: ['A', 'B', 'A again'], numbers: [1, 2, 3] },
  {
    what: 'a request that comes again late',
    requests: ['A', 'B', 'A', 'C'],
    numbers: [1, 2, 3, 4],
  },
])('numbers only grow: $what', async ({ requests, numbers }) => {
  const parts = partsOf()
  const given: number[] = []
  for (const id of requests) given.push(await takeGeneration(parts, ours(id)))
  expect(given).toEqual(numbers)
})

test.each([
  { what: 'several requests', ids: ['A', 'B', 'C', 'D'], numbers: 4 },
  { what: 'one request, sent several times', ids: ['A', 'A', 'A'], numbers: 1 },
])('at the same time: $what', async ({ ids, numbers }) => {
  const parts = partsOf()
  const given = await Promise.all(ids.map((id) => takeGeneration(parts, ours(id))))
  expect(new Set(given).size).toBe(numbers)
})

test('the number is above the generation that runs, whoever gave it', async () => {
  const world = new World()
  const pipeline = pipelineOf((ssc) => ssc.socketTextStream('localhost', 9999).print())
  await world.deploy(pipeline, { generation: 1_700_000_000_000 }).tick()
  const { store, clock } = world
  const parts = { store, clock, app: pipeline.name }
  expect(await takeGeneration(parts, ours('A'))).toBe(1_700_000_000_001)
  expect(await takeGeneration(parts, ours('B'))).toBe(1_700_000_000_002)
})

/** A store whose writes fail: before they are applied, or with only their answers lost. */
const failing = (store: ItemStore, fails: readonly ('before' | 'after' | 'no')[]): ItemStore => {
  const left = [...fails]
  return {
    ...store,
    compareAndSet: async (key, seen, next) => {
      const fate = left.shift() ?? 'no'
      if (fate === 'before') throw failure()
      const answer = await store.compareAndSet(key, seen, next)
      if (fate === 'after') throw failure()
      return answer
    },
  }
}

const failure = (): MillraceError =>
  new MillraceError('STORE_FAILED', { problem: 'no answer', retryable: true })

test.each<{ fails: readonly ('before' | 'after')[] }>([
  { fails: ['before'] },
  { fails: ['after'] },
  { fails: ['before', 'after'] },
  { fails: ['after', 'before', 'before'] },
])('a write whose answer is lost counts once: $fails', async ({ fails }) => {
  const store = memoryItemStore()
  const parts = partsOf(failing(store, fails))
  expect(await takeGeneration(parts, ours('A'))).toBe(1)
  expect(await takeGeneration(partsOf(store), ours('B'))).toBe(2)
})

describe('an application in a table belongs to one stack', () => {
  test('another stack is refused, and takes no number', async () => {
    const parts = partsOf()
    await takeGeneration(parts, ours('A'))
    await expect(takeGeneration(parts, ours('B', { stack: 'theirs' }))).rejects.toThrow(
      /STORE_TAKEN[^]*ours[^]*clicks#deployments/,
    )
    expect(await takeGeneration(parts, ours('C'))).toBe(2)
  })

  test.each<{ what: string; released: Partial<DeploymentRequest>; theirs: number | 'refused' }>([
    { what: 'it was deleted', released: {}, theirs: 2 },
    { what: 'another stack was deleted', released: { stack: 'theirs' }, theirs: 'refused' },
    { what: 'a resource was moved in it', released: { resource: 'Old' }, theirs: 'refused' },
  ])('until $what', async ({ released, theirs }) => {
    const parts = partsOf()
    await takeGeneration(parts, ours('A'))
    await releaseApplication(parts, ours('D', released))
    const taken = await takeGeneration(parts, ours('B', { stack: 'theirs' })).catch(() => 'refused')
    expect(taken).toBe(theirs)
  })

  test('the counter stays when a stack is deleted and made again', async () => {
    const parts = partsOf()
    await takeGeneration(parts, ours('A'))
    await takeGeneration(parts, ours('B'))
    await releaseApplication(parts, ours('C'))
    await releaseApplication(parts, ours('C'))
    expect(await takeGeneration(parts, ours('D'))).toBe(3)
  })
})
