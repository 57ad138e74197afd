/** What a batch does at the same time as its outputs and its commit, and what it does not. */
import type { StreamingContext } from 'millrace'
import { describe, expect, test } from 'vitest'
import { APP, type Deployment, pipelineOf, type TestStore, World } from '../harness.ts'

const SOURCE = 'socketTextStream-1'
const HEAD = `${APP}#head`

/** Calls of the store from now on, as `putAll @manifest`, and who waits for one. */
class Calls {
  readonly #seen = new Map<string, PromiseWithResolvers<void>>()

  constructor({ store }: World) {
    const inner = { ...store }
    Object.assign(store, {
      putAll: async (items: Parameters<TestStore['putAll']>[0]) => {
        await inner.putAll(items)
        for (const { partition } of items) this.#of(partition).resolve()
      },
      compareAndSet: async (...call: Parameters<TestStore['compareAndSet']>) => {
        const answer = await inner.compareAndSet(...call)
        const { doneMs } = call[2]
        if (typeof doneMs === 'number') this.#of(`${HEAD} ${doneMs}`).resolve()
        return answer
      },
      deleteAll: async (keys: Parameters<TestStore['deleteAll']>[0]) => {
        await this.beforeDelete()
        await inner.deleteAll(keys)
      },
    })
  }

  beforeDelete: () => Promise<void> = async () => undefined

  #of(partition: string): PromiseWithResolvers<void> {
    const name = partition.replace(/#\d+#\d+$/, '')
    const known = this.#seen.get(name) ?? Promise.withResolvers<void>()
    this.#seen.set(name, known)
    return known
  }

  async stored(node: string): Promise<void> {
    await this.#of(`${APP}#seg#${node}`).promise
  }

  async committed(timeMs: number): Promise<void> {
    await this.#of(`${HEAD} ${timeMs}`).promise
  }
}

/** A deployment whose output does what is set. */
const deployed = (
  describePipeline: (ssc: StreamingContext, output: () => Promise<void>) => void = (ssc, output) =>
    ssc
      .socketTextStream('localhost', 9999)
      .mapToPair((word) => [word, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
      .named('totals')
      .foreachRDD(output),
) => {
  const world = new World()
  const set = { output: async (): Promise<void> => undefined }
  const pipeline = pipelineOf((ssc) => describePipeline(ssc, async () => set.output()))
  const deploy = (): Deployment => world.deploy(pipeline)
  return { world, set, deploy, app: deploy(), calls: new Calls(world) }
}

const statesIn = ({ store }: World): readonly string[] =>
  store.keys().filter((key) => key.startsWith(`${APP}#seg#totals`))

describe('beside the outputs of a batch', () => {
  test.each(['totals', '@manifest'])('its segments are written: %s', async (node) => {
    const { set, app, calls } = deployed()
    // This output ends only when the segments are there.
    set.output = async () => calls.stored(node)
    await app.append(SOURCE, 1, ['a'])
    expect(await app.tick()).toMatchObject({ kind: 'idle' })
  })

  test('nothing is written of a state that could not be computed', async () => {
    let runs = 0
    const { world, app } = deployed((ssc) => {
      const pairs = ssc.socketTextStream('localhost', 9999).mapToPair((word) => [word, 1] as const)
      pairs.updateStateByKey<number>((ones, n = 0) => n + ones.length).named('totals')
      pairs
        .updateStateByKey<number>(() => {
          throw new Error('broken')
        })
        .print()
      pairs.foreachRDD(() => void (runs += 1))
    })
    await app.append(SOURCE, 1, ['a'])
    expect(await app.tick()).toMatchObject({ kind: 'retry' })
    expect(statesIn(world)).toEqual([])
    // The other output has run all the same.
    expect(runs).toBe(1)
  })

  test('what an attempt has written whose output failed is garbage (B11)', async () => {
    const { world, set, app } = deployed()
    set.output = async () => {
      throw new Error('down')
    }
    await app.append(SOURCE, 1, ['a'])
    expect(await app.tick()).toMatchObject({ kind: 'retry' })
    const [failed] = statesIn(world)
    expect(failed).toBeDefined()
    set.output = async () => undefined
    await app.tick()
    await app.append(SOURCE, 2, ['b'])
    await app.tick()
    expect(statesIn(world)).not.toContain(failed)
    expect(statesIn(world).length).toBeGreaterThan(0)
  })
})

test('a commit does not wait for garbage to be deleted', async () => {
  const { world, app, calls } = deployed()
  for (let i = 1; i <= 5; i++) {
    await app.append(SOURCE, i, ['a'])
    await app.tick()
  }
  const { doneMs } = await world.head()
  let deletes = 0
  calls.beforeDelete = async () => {
    deletes += 1
    await calls.committed(doneMs + 1_000)
  }
  await app.append(SOURCE, 6, ['a'])
  await app.tick()
  expect(deletes).toBeGreaterThan(0)
})
