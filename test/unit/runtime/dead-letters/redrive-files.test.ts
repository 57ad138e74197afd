import { expect, describe, test } from 'vitest'
import type { Pipeline } from 'millrace'
import { readDeadLetters } from '../../../../lib/state/dead-letter-reader.ts'
import { redrive, type Redriven } from '../../../../lib/runtime/dead-letters/redrive.ts'
import {
  APP,
  type Deployment,
  type DeployOptions,
  pipelineOf,
  START_MS,
  World,
} from '../harness.ts'

const SOURCE = 'fileStream-1'

/** Counts the lines of each file. Cannot read files until its code is fixed. */
class Counted {
  isFixed = false
  readonly totals = new Map<string, number>()
  readonly pipeline: Pipeline = pipelineOf((ssc) =>
    ssc
      .fileStream('in', {
        existing: 'all',
        read: (bytes) => {
          if (!this.isFixed) throw new RangeError('no')
          return Buffer.from(bytes).toString().split('\n')
        },
      })
      .mapToPair((line) => [line, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
      .foreachRDD(async (rdd) => {
        for (const [line, total] of await rdd.collect()) this.totals.set(line, total)
      }),
  )

  get counted(): readonly string[] {
    return [...this.totals].map(([line, total]) => `${line} ${total}`).toSorted()
  }
}

const NAMES = Array.from({ length: 23 }, (_, index) => `f${index}`)
const ONCE = NAMES.flatMap((name) => [`${name} a 1`, `${name} b 1`]).toSorted()
const linesOf = (name: string): Buffer => Buffer.from(`${name} a\n${name} b`)

type Bind = NonNullable<DeployOptions['bind']>

const write = (world: World, bind: Bind, name: string): void => {
  if (bind === 'objects') world.objects.write(name, linesOf(name), START_MS + 100)
  else if (bind === 'notifications') world.uploads.write(name, linesOf(name), START_MS + 100)
  else world.versions.write(name, linesOf(name), START_MS + 100)
}

/** A world in which all files were put aside. */
const afterTrouble = async (bind: Bind) => {
  const world = new World()
  const code = new Counted()
  const app = world.deploy(code.pipeline, { bind })
  await app.tick()
  for (const name of NAMES) write(world, bind, name)
  if (bind !== 'objects') {
    const records = NAMES.map((key) => ({ key, eventMs: START_MS + 100 }))
    await app.append(SOURCE, 1, records, '@notifications')
  }
  await app.tick(2)
  expect(await world.deadLetters()).toHaveLength(NAMES.length)
  code.isFixed = true
  return { world, app, code }
}

const redriveAll = async (world: World): Promise<Redriven> =>
  redrive(
    { store: world.store, app: APP, clock: world.clock, randomness: world.randomness },
    { fromMs: START_MS, toMs: START_MS + 3_600_000 },
  )

const recordsOf = (app: Deployment): readonly number[] =>
  app.events.flatMap((event) => (event.event === 'batchCompleted' ? [event.records] : []))

describe.each<Bind>(['objects', 'notifications', 'versionedHints'])('%s', (bind) => {
  test('B1: files that were put aside whole are read again, each once', async () => {
    const { world, app, code } = await afterTrouble(bind)
    expect(await redriveAll(world)).toEqual({ records: 23, finished: 0, left: {} })
    expect(await world.deadLetters()).toEqual([])
    await app.tick(4)
    expect(code.counted).toEqual(ONCE)
    expect(await redriveAll(world)).toEqual({ records: 0, finished: 0, left: {} })
    await app.tick(2)
    expect(code.counted).toEqual(ONCE)
  })

  test('B8: a batch reads some of them, and counts their records', async () => {
    const { world, app } = await afterTrouble(bind)
    await redriveAll(world)
    const before = recordsOf(app).length
    await app.tick(4)
    expect(recordsOf(app).slice(before, before + 3)).toEqual([20, 20, 6])
  })

  test('B1: a cold process, and one that failed, read the same', async () => {
    const { world, code } = await afterTrouble(bind)
    await redriveAll(world)
    const cold = world.deploy(code.pipeline, { bind, generation: 2 })
    world.store.fail({ call: 'putAll', to: `${APP}#seg`, times: 1, applied: true })
    await cold.tick(6)
    expect(code.counted).toEqual(ONCE)
  })

  test('a file that fails again is put aside again, and can be redriven again', async () => {
    const { world, app, code } = await afterTrouble(bind)
    code.isFixed = false
    await redriveAll(world)
    await app.tick(4)
    expect(await world.deadLetters()).toHaveLength(NAMES.length)
    code.isFixed = true
    expect(await redriveAll(world)).toMatchObject({ records: 23 })
    await app.tick(4)
    expect(code.counted).toEqual(ONCE)
  })
})

describe('a file that is not there any more', () => {
  const reasonsIn = async (world: World): Promise<readonly string[]> => {
    const found: string[] = []
    for await (const { position, code, message } of readDeadLetters(world.store, APP, {
      fromMs: START_MS,
      toMs: world.nowMs,
      first: 'oldest',
    }))
      found.push(`${position} ${code} ${/: it is (\w+) now|it reads no files/.exec(message)?.[1]}`)
    return found
  }

  test.each<readonly [Bind, (world: World) => void, string]>([
    ['objects', ({ objects }) => objects.remove('f3'), 'missing'],
    ['objects', ({ objects }) => objects.write('f3', linesOf('f3'), START_MS + 900), 'replaced'],
    ['notifications', ({ uploads }) => uploads.remove('f3'), 'missing'],
    [
      'notifications',
      ({ uploads }) => void uploads.write('f3', linesOf('new'), START_MS + 900),
      'replaced',
    ],
  ])('in %s is put aside with that reason', async (bind, change, reason) => {
    const { world, app, code } = await afterTrouble(bind)
    change(world)
    await redriveAll(world)
    await app.tick(4)
    expect(code.counted).toEqual(ONCE.filter((line) => !line.startsWith('f3 ')))
    expect(await reasonsIn(world)).toEqual([
      expect.stringMatching(`^f3\\?modifiedMs=.* OBJECT_GONE ${reason}$`),
    ])
  })

  test('with versions, an upload is read though there is a newer one', async () => {
    const { world, app, code } = await afterTrouble('versionedHints')
    world.versions.write('f3', linesOf('new'), START_MS + 900)
    world.versions.remove('f4')
    await redriveAll(world)
    await app.tick(4)
    expect(code.counted).toEqual(ONCE)
  })

  test('a source that reads no files any more puts them aside', async () => {
    const { world, code } = await afterTrouble('objects')
    await redriveAll(world)
    const other = world.deploy(code.pipeline, { bind: 'lanes', generation: 2 })
    await other.tick(4)
    expect(code.counted).toEqual([])
    expect(await world.deadLetters()).toHaveLength(NAMES.length)
  })
})

test('two uploads of one key in a batch are two dead letters', async () => {
  const world = new World()
  const code = new Counted()
  const app = world.deploy(code.pipeline, { bind: 'versionedHints' })
  await app.tick()
  const versions = ['one', 'two'].map((text, index) =>
    world.versions.write('f', Buffer.from(text), START_MS + 100 + index),
  )
  const records = versions.map((version) => ({ key: 'f', eventMs: START_MS + 200, version }))
  await app.append(SOURCE, 1, records, '@notifications')
  await app.tick(2)
  code.isFixed = true
  expect(await redriveAll(world)).toMatchObject({ records: 2 })
  await app.tick(2)
  expect(code.counted).toEqual(['one 1', 'two 1'])
})

test('B9: uploads of one key that are all gone are each a dead letter, also again', async () => {
  const world = new World()
  const code = new Counted()
  const app = world.deploy(code.pipeline, { bind: 'notifications' })
  await app.tick()
  let next = 1
  for (const text of ['one', 'two!']) {
    world.uploads.write('f', Buffer.from(text), world.nowMs - 100)
    await app.append(SOURCE, next++, [{ key: 'f', eventMs: world.nowMs - 100 }], '@notifications')
    await app.tick(2)
  }
  world.uploads.write('f', Buffer.from('three'), world.nowMs - 100)
  code.isFixed = true
  for (const _ of ['redriven', 'redriven again']) {
    expect(await redriveAll(world)).toMatchObject({ records: 2 })
    await app.tick(4)
    expect(await world.deadLetters()).toHaveLength(2)
  }
  expect(code.counted).toEqual([])
})

test('B3: a file that goes between two attempts is in all outputs or in none', async () => {
  const world = new World()
  let isBroken = true
  let failures = 1
  const seen: string[][] = [[], []]
  const pipeline = pipelineOf((ssc) => {
    const files = ssc.fileStream('in', {
      existing: 'all',
      read: (bytes) => {
        if (isBroken) throw new RangeError('no')
        return [Buffer.from(bytes).toString()]
      },
    })
    files.foreachRDD(async (rdd) => void (seen[0] = [...(await rdd.collect())]))
    files.foreachRDD(async (rdd) => {
      seen[1] = [...(await rdd.collect())]
      if (!isBroken && failures-- > 0) throw new Error('the target does not answer')
    })
  })
  const app = world.deploy(pipeline)
  await app.tick()
  write(world, 'objects', 'f')
  await app.tick()
  isBroken = false
  expect(await redriveAll(world)).toMatchObject({ records: 1 })
  await app.tick()
  expect(app.eventsOf('batchFailed')).toHaveLength(1)
  expect(seen).toEqual([[linesOf('f').toString()], [linesOf('f').toString()]])
  world.objects.remove('f')
  await app.tick()
  expect(await world.deadLetters()).toHaveLength(1)
  expect(seen).toEqual([[], []])
})
