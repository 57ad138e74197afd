/**
 * B4: readers see the outputs of a batch when it is committed, whatever happens between the commit
 * and the next batch, and never those of a batch that was given up.
 */
import { type Pipeline, seconds } from 'millrace'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../../../lib/base/errors.ts'
import type { Operated } from '../../../../lib/runtime/operations/operated.ts'
import { reset } from '../../../../lib/runtime/operations/reset.ts'
import { skip } from '../../../../lib/runtime/operations/skip.ts'
import {
  APP,
  type DeployOptions,
  type Deployment,
  pipelineOf,
  World,
  type WorldOptions,
} from '../harness.ts'

/** How often a driver tries to publish: after the commit, and again when it reads the head. */
const TRIES = 4
const SOURCE = 'socketTextStream-1'

/** Writes two outputs, of which the second may fail. */
const pipelineWith = (state: { isBroken: boolean }): Pipeline =>
  pipelineOf(
    (ssc) => {
      const lines = ssc.socketTextStream('localhost', 9999)
      lines.saveAsTextFiles('out')
      lines.foreachRDD(async (rdd) => {
        if (state.isBroken && (await rdd.count()) > 0) throw new Error('down')
      })
    },
    { retry: { attempts: 8, for: seconds(60) } },
  )

interface Bed {
  readonly world: World
  readonly state: { isBroken: boolean }
  readonly app: Deployment
  /** The calls of `publish` that fail, from now on. */
  readonly failPublishing: (times: number) => void
  readonly deploy: (options?: DeployOptions) => Deployment
  readonly shown: () => readonly string[]
}

const bed = (options: WorldOptions = {}): Bed => {
  const world = new World(options)
  const state = { isBroken: false }
  const publish = world.files.publish
  let failures = 0
  world.files.publish = async (...call) => {
    if (failures-- > 0) throw new MillraceError('OUTPUT_FAILED', { problem: 'away' })
    await publish(...call)
  }
  const deploy = (options: DeployOptions = {}): Deployment =>
    world.deploy(pipelineWith(state), options)
  return {
    world,
    state,
    app: deploy(),
    failPublishing: (times) => void (failures = times),
    deploy,
    shown: () =>
      [...world.files.files().keys()].map((name) => name.replace(/out-\d+(\d{4})/, '$1')),
  }
}

const operated = ({ store, clock, randomness }: World): Operated => ({
  store,
  clock,
  randomness,
  app: APP,
  leaseMs: 0,
})

/** A first batch that is committed and not published. */
const unpublished = async (options: WorldOptions = {}): Promise<Bed> => {
  const made = bed(options)
  await made.app.append(SOURCE, 1, ['a'])
  await made.app.run()
  made.failPublishing(2 * TRIES)
  await expect(made.app.tick()).rejects.toThrow('away')
  expect((await made.world.head()).logged).toBeUndefined()
  expect(made.shown()).toEqual([])
  return made
}

describe('a batch whose process ended between commit and publish', () => {
  test.each<[string, (made: Bed) => Promise<unknown>]>([
    ['the same process', ({ app }) => app.run()],
    ['another process', ({ deploy }) => deploy().run()],
    ['a new deployment', ({ deploy }) => deploy({ generation: 2 }).run()],
    [
      'another process, after a reset',
      async ({ world, deploy }) => {
        await reset(operated(world))
        await deploy().run()
      },
    ],
  ])('is published by %s', async (_, goOn) => {
    // With small items, the head has no room for what is left to do.
    for (const options of [{}, { itemBytesMax: 4_300 }]) {
      const made = await unpublished(options)
      const { afterCommit } = await made.world.head()
      expect(afterCommit === undefined).toBe(options.itemBytesMax !== undefined)
      await goOn(made)
      expect(made.shown()).toEqual(['1000/part-00000', '1000/_SUCCESS'])
    }
  })

  test('is published before the next batch is logged', async () => {
    const made = await unpublished()
    await made.app.append(SOURCE, 2, ['b'])
    made.failPublishing(2 * TRIES)
    await expect(made.app.tick()).rejects.toThrow('away')
    expect(await made.world.head()).toMatchObject({ epoch: 1, logged: undefined })
  })
})

describe('a batch that was given up', () => {
  test.each<[string, (world: World) => Promise<unknown>]>([
    ['skip', (world) => skip(operated(world))],
    ['reset', (world) => reset(operated(world))],
  ])('has no _SUCCESS: %s', async (_, giveUp) => {
    const { world, state, app, shown } = bed()
    state.isBroken = true
    await app.append(SOURCE, 1, ['a'])
    await app.tick(2)
    await giveUp(world)
    state.isBroken = false
    await app.append(SOURCE, 2, ['b'])
    await app.tick(3)
    expect(shown().filter((name) => name.startsWith('1000'))).toEqual([])
    expect(shown()).toContain('2000/_SUCCESS')
  })
})

test('an output that an earlier attempt has finished is published with the batch', async () => {
  const { world, state, app, shown } = bed()
  state.isBroken = true
  await app.append(SOURCE, 1, ['a'])
  await app.tick(1)
  state.isBroken = false
  await app.tick(1)
  expect(shown().slice(0, 2)).toEqual(['1000/part-00000', '1000/_SUCCESS'])
  expect(JSON.parse(world.textOf(1_000, '_SUCCESS'))).toMatchObject({ epoch: 1 })
})

test('what a failed output wrote elsewhere is not shown', async () => {
  const world = new World()
  let attempts = 0
  const app = world.deploy(
    pipelineOf(
      (ssc) =>
        ssc.socketTextStream('localhost', 9999).foreachRDD(async (rdd) => {
          await rdd.saveAsTextFile(`out-${++attempts}`)
          if (attempts === 1) throw new Error('down')
        }),
      { retry: { attempts: 8, for: seconds(60) } },
    ),
  )
  await app.append(SOURCE, 1, ['a'])
  await app.tick(2)
  const names = [...world.files.files().keys()]
  expect(names.filter((name) => name.startsWith('out-1/'))).toEqual([])
  expect(names).toContain('out-2/_SUCCESS')
})
