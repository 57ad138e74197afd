/** Work over what the driver has computed: when it goes to executors, and with what. */
import type { DStream } from 'millrace'
import { expect, test } from 'vitest'
import type { Executors } from '../../../../lib/ports/executors.ts'
import type { TaskRequest } from '../../../../lib/runtime/tasks/task-request.ts'
import { pipelineOf, START_MS, World } from '../harness.ts'

const WORDS = 24

interface Seen {
  readonly asked: readonly (TaskRequest & { readonly bytes: number })[]
  readonly elements: readonly string[]
}

/** Runs one batch whose function takes so many milliseconds for each word. */
const run = async (
  divide: (words: DStream<string>) => DStream<string>,
  elementMs: number,
): Promise<Seen> => {
  const world = new World()
  const asked: Seen['asked'][number][] = []
  const pipeline = pipelineOf((ssc) => {
    const words = ssc.textFileStream('in').flatMap((line) => line.split(' '))
    divide(words)
      .map((word) => {
        world.advance(elementMs)
        return word.toUpperCase()
      })
      .saveAsTextFiles('out')
  })
  const app = world.deploy(pipeline, {
    executors: (open): Executors => {
      const servers = [open(), open()]
      return {
        count: 2,
        tasksAtOnce: 1,
        async run(executor, request, _, data) {
          asked.push({ ...(request as TaskRequest), bytes: data?.byteLength ?? 0 })
          return (servers[executor] as (typeof servers)[number]).answer(
            request as TaskRequest,
            data,
          )
        },
      }
    },
  })
  await app.run()
  const words = Array.from({ length: WORDS }, (_, index) => `word${index}`)
  world.write('1.txt', world.nowMs + 500 - START_MS, `${words.join(' ')}\n`)
  await app.tick()
  expect(app.eventsOf('batchFailed')).toEqual([])
  const elements = [...world.files.files()]
    .filter(([name]) => name.includes('/part-'))
    .flatMap(([, bytes]) => Buffer.from(bytes).toString().split('\n').filter(Boolean))
  expect(elements.toSorted()).toEqual(words.map((word) => word.toUpperCase()).toSorted())
  return { asked, elements }
}

test('slow work goes out after the first task shows that it is slow', async () => {
  const { asked } = await run((words) => words.repartition(8), 50)
  expect(asked.length).toBeGreaterThan(2)
  expect(asked.map(({ index }) => index)).not.toContain(0)
  for (const { given, count, bytes } of asked) {
    expect([given, count]).toEqual(['repartition-1', 8])
    // Three words, and not all of them.
    expect(bytes).toBeLessThan(100)
  }
})

test.each<[what: string, divide: (words: DStream<string>) => DStream<string>, elementMs: number]>([
  ['fast work', (words) => words.repartition(8), 1],
  ['work in two partitions', (words) => words.repartition(2), 50],
  ['work that nothing divides', (words) => words, 50],
  ['work after a function of an RDD', (words) => words.transform((rdd) => rdd.repartition(8)), 50],
])('%s stays', async (_, divide, elementMs) => {
  expect((await run(divide, elementMs)).asked).toEqual([])
})

test('a kept stream is not computed again: its elements go along', async () => {
  const { asked } = await run((words) => words.repartition(8).cache(), 50)
  expect(new Set(asked.map(({ given }) => given))).toEqual(new Set(['repartition-1']))
})
