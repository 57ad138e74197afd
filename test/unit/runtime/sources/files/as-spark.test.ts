import { milliseconds, seconds } from 'millrace'
import { expect, test } from 'vitest'
import { Random } from '../../../../../lib/testing/random.ts'
import { type Deployment, pipelineOf, START_MS, World } from '../../harness.ts'
import { type ListedFile, SparkFiles } from './spark.ts'

interface Scene {
  readonly random: Random
  readonly world: World
  readonly files: Map<string, ListedFile>
  readonly seen: Map<number, readonly string[]>
  readonly deploy: () => Deployment
  readonly intervalMs: number
  readonly rememberMs: number
  isFailing: boolean
}

const idOf = ({ path, modifiedMs }: ListedFile): string => `${path}@${modifiedMs}`

const sceneOf = (seed: number): Scene => {
  const random = new Random(seed)
  const world = new World({ startMs: START_MS + random.between(0, 999) })
  const intervalMs = random.pick([1_000, 5_000])
  const rememberMs = intervalMs * random.pick([2, 12])
  const seen = new Map<number, readonly string[]>()
  const whenIdle = random.pick(['rest', 'tick'] as const)
  const scene: Scene = {
    random,
    world,
    files: new Map(),
    seen,
    intervalMs,
    rememberMs,
    isFailing: false,
    deploy: () =>
      world.deploy(
        pipelineOf(
          (ssc) =>
            ssc
              .textFileStream('in', { remember: milliseconds(rememberMs) })
              .foreachRDD(async (rdd, time) => {
                const lines = await rdd.collect()
                if (scene.isFailing && lines.length > 0) throw new Error('not now')
                seen.set(time.milliseconds, lines)
              }),
          {
            batchInterval: milliseconds(intervalMs),
            whenIdle,
            retry: { for: seconds(3_600), attempts: 1_000 },
          },
        ),
      ),
  }
  return scene
}

/** A file arrives: new or over another, renamed in with an old time, or from the future. */
const arrive = ({ random, world, files, rememberMs }: Scene, isLogged: boolean): void => {
  const isOver = !isLogged && files.size > 0 && random.chance(0.3)
  const path = isOver ? random.pick([...files.keys()]) : `f${files.size}`
  const byMs = random.pick([0, 0, 0, random.between(0, 2 * rememberMs), -random.between(1, 9_000)])
  const file = { path, modifiedMs: world.nowMs - byMs }
  files.set(path, file)
  world.write(path, file.modifiedMs - START_MS, `${idOf(file)}\n`)
}

/** Compares ours with Spark's after every look at the directory. */
const play = async (seed: number): Promise<number> => {
  const scene = sceneOf(seed)
  const { random, world, files, seen, intervalMs, rememberMs } = scene
  let app = scene.deploy()
  await app.run()
  let { doneMs, logged } = await world.head()
  const startMs = world.nowMs
  const spark = new SparkFiles({ startMs, intervalMs, rememberMs }, new Map())
  const expected: string[] = []
  let spokenMs = doneMs
  let count = 0
  for (let step = 0; step < 60; step += 1) {
    world.advance(
      random.pick([random.between(1, 3_000), random.between(1, 3_000), random.between(1, 90_000)]),
    )
    if (random.chance(0.6)) arrive(scene, logged !== undefined)
    if (random.chance(0.2)) app = scene.deploy()
    scene.isFailing = random.chance(0.15)
    if (random.chance(0.3)) continue
    await app.run()
    const head = await world.head()
    ;({ doneMs, logged } = head)
    const listing = [...files.values()]
    // A logged batch has chosen its files already, though it is not done.
    const decidedMs = logged?.timeMs ?? doneMs
    for (const file of spark.batches(spokenMs, decidedMs, listing)) expected.push(idOf(file))
    spokenMs = decidedMs
    if (logged !== undefined) continue
    const taken = [...seen.values()].flat()
    expect(taken.toSorted(), `seed ${seed}, step ${step}`).toEqual(expected.toSorted())
    count = taken.length
    // It is awake, and its next batch stands for the times that have passed.
    if (head.status === 'running' && head.wakeMs > doneMs) continue
    const left = spark.copy().batches(doneMs, world.nowMs, listing)
    expect(left, `seed ${seed}, step ${step}: nothing may be left to take`).toEqual([])
  }
  return count
}

test('takes what the batches of Spark take, run one after another', async () => {
  let taken = 0
  for (let seed = 0; seed < 40; seed += 1) taken += await play(seed)
  expect(taken).toBeGreaterThan(300)
})
