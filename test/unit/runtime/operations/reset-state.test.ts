import { type DStream, seconds } from 'millrace'
import { describe, expect, test } from 'vitest'
import { resetState } from '../../../../lib/runtime/operations/reset-state.ts'
import { APP, type Deployment, pipelineOf, World } from '../harness.ts'
import { operated } from './operated.ts'

const SOURCE = 'socketTextStream-1'
const add = (a: number, b: number): number => a + b

/** Totals of all time, and of a window with an inverse. */
class Counted {
  isBroken = false
  totals: unknown = undefined
  window: unknown = undefined

  of(windowSeconds: number) {
    return pipelineOf(
      (ssc) => {
        const pairs: DStream<[string, number]> = ssc
          .socketTextStream('host', 1)
          .mapToPair((line) => [line, 1])
        pairs
          .updateStateByKey<number>((ones, total = 0) => total + ones.length)
          .named('totals')
          .foreachRDD(async (rdd) => {
            if (this.isBroken) throw new Error('down')
            this.totals = await rdd.collect()
          })
        pairs
          .reduceByKeyAndWindow(add, (a, b) => a - b, seconds(windowSeconds), seconds(1))
          .named('window')
          .foreachRDD(async (rdd) => void (this.window = await rdd.collect()))
      },
      { whenIdle: 'tick' },
    )
  }
}

const counting = async (): Promise<{ world: World; app: Deployment; code: Counted }> => {
  const world = new World()
  const code = new Counted()
  const app = world.deploy(code.of(10))
  await app.append(SOURCE, 1, ['a', 'b'])
  await app.tick()
  return { world, app, code }
}

describe('reset of one operator', () => {
  test('lets a plan run whose window is longer, from nothing; other states stay', async () => {
    const { world, code } = await counting()
    const next = world.deploy(code.of(20), { generation: 2 })
    await expect(next.run()).rejects.toMatchObject({ code: 'PLAN_INCOMPATIBLE' })
    const done = await resetState(operated(world), 'window')
    expect(done.states.map(({ id }) => id)).toEqual(['window', 'window/panes'])
    await next.append(SOURCE, 3, ['a'])
    await next.tick()
    expect(code.window).toEqual([['a', 1]])
    expect(code.totals).toEqual([
      ['a', 2],
      ['b', 1],
    ])
  })

  test('B11: removes the segments of that state, and of no other', async () => {
    const { world } = await counting()
    const nodes = (): readonly string[] =>
      ['totals', 'window', 'window/panes'].filter((node) =>
        world.store.keys().some((key) => key.startsWith(`${APP}#seg#${node}#`)),
      )
    expect(nodes()).toEqual(['totals', 'window', 'window/panes'])
    await resetState(operated(world), 'window')
    expect(nodes()).toEqual(['totals'])
  })

  test('B2: keeps a batch that is not finished', async () => {
    const { world, app, code } = await counting()
    code.isBroken = true
    await app.append(SOURCE, 3, ['a'])
    await app.tick()
    const before = await world.head()
    await resetState(operated(world, { leaseMs: 0 }), 'window')
    expect((await world.head()).logged).toEqual(before.logged)
    code.isBroken = false
    await app.tick(2)
    expect(code.totals).toEqual([
      ['a', 2],
      ['b', 1],
    ])
    expect(code.window).toEqual([['a', 1]])
  })

  test.each<[string, () => Promise<World>, RegExp]>([
    ['when nothing has run', async () => new World(), /Nothing has run yet/],
    [
      'when there is no such state',
      async () => (await counting()).world,
      /no state of this id[^]*totals, window, window\/panes/,
    ],
  ])('is refused %s', async (_, given, message) => {
    await expect(resetState(operated(await given()), 'x')).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      message: expect.stringMatching(message) as string,
    })
  })
})
