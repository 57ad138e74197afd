/** The copy of a replay in another deployment: its driver goes on, and nothing is written over. */
import { minutes, type Pipeline, seconds } from 'millrace'
import { expect, test } from 'vitest'
import type { ItemStore } from '../../../../lib/ports/item-store.ts'
import type { CopyTarget } from '../../../../lib/runtime/replay/move-copy.ts'
import { laneKey, ledgerKey } from '../../../../lib/state/item-keys.ts'
import { Random } from '../../../../lib/testing/random.ts'
import { APP, type Deployment, pipelineOf, START_MS, World } from '../harness.ts'
import { replayWith } from './replay-bed.ts'

const LANE = 'socketTextStream-1'
const LEASE_MS = 900_000
const WORDS = ['apple', 'Apple', 'fig', 'plum']
const BATCHES = 20

/** Totals of words, a window over them, and what was put aside. */
const totals = (normal: (word: string) => string): Pipeline =>
  pipelineOf(
    (ssc) => {
      const words = ssc.socketTextStream('localhost', 9999).flatMap((line) => line.split(' '))
      const pairs = words.mapToPair((word): [string, number] => {
        if (word === 'bad') throw new TypeError('bad')
        return [normal(word), 1]
      })
      const all = pairs.updateStateByKey<number>((ones, total = 0) => total + ones.length, {
        partitions: 3,
      })
      all.saveAsTextFiles('out')
      pairs
        .reduceByKeyAndWindow((a, b) => a + b, seconds(600), seconds(1))
        .saveAsTextFiles('window')
    },
    { keepForReplay: minutes(1) },
  )

const old = totals((word) => word)
const fixed = totals((word) => word.toLowerCase())

/** The lines of all batches, in one lane. */
const drawn = (): readonly string[] => {
  const random = new Random(11)
  return Array.from({ length: 2 * BATCHES }, () =>
    Array.from({ length: 3 }, () => random.pick([...WORDS, 'bad'])).join(' '),
  )
}

/** The application that is replayed has taken the first half of the lines. */
const replayed = async (lines: readonly string[]): Promise<World> => {
  const world = new World()
  const app = world.deploy(old)
  await app.run()
  for (let batch = 0; batch < BATCHES; batch++) {
    await app.append(LANE, batch + 1, [lines[batch]])
    await app.tick()
  }
  return world
}

/** Another deployment of the pipeline, with a store of its own. */
const another = (): {
  readonly world: World
  readonly app: Deployment
  readonly into: CopyTarget
} => {
  const world = new World({ startMs: START_MS + BATCHES * 1_000 })
  const app = world.deploy(fixed, { generation: 4, leaseMs: LEASE_MS })
  return { world, app, into: targetOf(world.store, world) }
}

const targetOf = (store: ItemStore, { clock }: World): CopyTarget => ({
  store,
  app: APP,
  clock,
  deployed: { generation: 4, sources: [LANE] },
  leaseMs: LEASE_MS,
})

/** What a plain loop counts. */
const counted = (lines: readonly string[]): readonly string[] => {
  const counts = new Map<string, number>()
  for (const line of lines.filter((one) => !one.includes('bad')))
    for (const word of line.toLowerCase().split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].map(([word, count]) => `(${word},${count})`).toSorted()
}

/** The last files of an output. */
const lastOf = (world: World, prefix: string): readonly string[] => {
  const all = [...world.files.files()].filter(([path]) => path.startsWith(`${prefix}-`))
  const time = all
    .map(([path]) => path.split('/')[0] ?? '')
    .toSorted()
    .at(-1)
  return all
    .filter(([path]) => path.startsWith(`${time}/part-`))
    .flatMap(([, bytes]) => Buffer.from(bytes).toString('utf8').split('\n').filter(Boolean))
    .toSorted()
}

test.each([
  ['that was just deployed', 0],
  ['whose driver was called and found nothing', 3],
])('an application %s goes on with the copy', async (_, calls) => {
  const lines = drawn()
  const source = await replayed(lines)
  const { world, app, into } = another()
  if (calls > 0) await app.tick(calls)
  await replayWith(source, fixed, { into })
  // A record that the copy has taken comes again, as from a stream that both read.
  await app.append(LANE, BATCHES, [lines[BATCHES - 1]])
  for (let batch = BATCHES; batch < lines.length; batch++) {
    await app.append(LANE, batch + 1, [lines[batch]])
    await app.tick()
  }
  await app.tick(2)
  expect(lastOf(world, 'out')).toEqual(counted(lines))
  expect(lastOf(world, 'window')).toEqual(counted(lines))
  expect(await world.head()).toMatchObject({ generation: 4, reason: undefined })
  const bad = lines.filter((line) => line.includes('bad'))
  const found = await world.deadLetters()
  expect(found.map(([, , text]) => text).toSorted()).toEqual(bad.toSorted())
  // The application that was replayed has its own totals still.
  expect(lastOf(source, 'out')).not.toEqual(lastOf(world, 'out'))
})

const takesRecord = async (app: Deployment): Promise<void> => {
  await app.run()
  await app.append(LANE, 1, ['fig'])
  await app.tick()
}

/** As after an import: there is a state, and no lane. */
const hasState = async (app: Deployment, { store }: World): Promise<void> => {
  await takesRecord(app)
  await store.deleteAll([laneKey(APP, LANE, '0')])
}

test.each<readonly [string, (app: Deployment, world: World) => Promise<unknown>, string]>([
  ['has taken a record', takesRecord, 'has received records'],
  ['has received a record', async (app) => app.append(LANE, 1, ['fig']), 'has received records'],
  [
    'has taken an object',
    async (_, { store }) => store.put(ledgerKey(APP, LANE, 'a.txt'), { taken: 1 }),
    'has taken files or objects',
  ],
  ['has a state', hasState, 'it has a state'],
])('an application that %s is refused, and nothing is written', async (_, before, says) => {
  const source = await replayed(drawn())
  const { world, app, into } = another()
  await before(app, world)
  const head = await world.head()
  const replaying = replayWith(source, fixed, { into: { ...into, store: refusing(world.store) } })
  await expect(replaying).rejects.toMatchObject({
    code: 'COMMAND_REFUSED',
    message: expect.stringContaining(says) as string,
  })
  expect(await world.head()).toEqual(head)
})

/** A store to which nothing may be written. */
const refusing = (store: ItemStore): ItemStore => {
  const refuse = async (): Promise<never> => {
    throw new Error('nothing may be written')
  }
  return { ...store, put: refuse, putAll: refuse, deleteAll: refuse, compareAndSet: refuse }
}

test('no batch begins while the copy comes, and a failure leaves the application new', async () => {
  const source = await replayed(drawn())
  const { world, app, into } = another()
  await app.run()
  const outcomes: unknown[] = []
  const failing: ItemStore = {
    ...world.store,
    putAll: async () => {
      outcomes.push(await app.tick(2))
      throw new TypeError('no network')
    },
  }
  await expect(replayWith(source, fixed, { into: { ...into, store: failing } })).rejects.toThrow(
    'no network',
  )
  expect(world.files.files().size).toBe(0)
  expect(await world.head()).toMatchObject({ owner: undefined, manifest: undefined })
  // It can begin by itself, and it can get the copy after all.
  await replayWith(source, fixed, { into })
  expect((await world.head()).manifest).toBeDefined()
  expect(outcomes).toHaveLength(1)
})

test('a record that arrives meanwhile keeps the application from getting the copy', async () => {
  const source = await replayed(drawn())
  const { world, app, into } = another()
  const late: ItemStore = {
    ...world.store,
    putAll: async (items) => {
      await app.append(LANE, 1, ['fig'])
      await world.store.putAll(items)
    },
  }
  await expect(replayWith(source, fixed, { into: { ...into, store: late } })).rejects.toMatchObject(
    { code: 'COMMAND_REFUSED' },
  )
  await app.tick(2)
  expect(lastOf(world, 'out')).toEqual(['(fig,1)'])
})
