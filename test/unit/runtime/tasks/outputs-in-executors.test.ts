import type { DStream, Pipeline } from 'millrace'
import { jsonLines } from 'millrace/formats'
import { describe, expect, test } from 'vitest'
import type { ConditionalBucket } from '../../../../lib/adapters/conditional-bucket.ts'
import { partsIn } from '../../../../lib/adapters/output-layout.ts'
import type { Executors } from '../../../../lib/ports/executors.ts'
import type { TaskRequest } from '../../../../lib/runtime/tasks/task-request.ts'
import type { TaskServer } from '../../../../lib/runtime/tasks/task-server.ts'
import {
  type Deployment,
  type DeployOptions,
  pipelineOf,
  type Process,
  START_MS,
  World,
} from '../harness.ts'
import {
  asLarge,
  BEHAVIOURS,
  executorsOf,
  HELD,
  type Open,
  prompt,
  type Run,
} from './executors-bed.ts'

const TEXTS = ['to be or', 'not to be', 'that is! the', 'question', 'whether it is', 'nobler']

/** What each process puts into the bucket. */
interface Puts {
  readonly by: Process
  readonly key: string
}

const watched =
  (puts: Puts[], calls: string[] = []): NonNullable<DeployOptions['bucketOf']> =>
  (bucket, by): ConditionalBucket => ({
    list: (prefix) => (calls.push(`list ${by}`), bucket.list(prefix)),
    head: (key) => (calls.push(`head ${by}`), bucket.head(key)),
    get: (key) => (calls.push(`get ${by}`), bucket.get(key)),
    putIfSeen: (object, seen) => (
      puts.push({ by, key: object.key }),
      bucket.putIfSeen(object, seen)
    ),
    deleteIfSeen: (key, seen) => bucket.deleteIfSeen(key, seen),
  })

const deploy = (
  world: World,
  pipeline: Pipeline,
  more: Partial<DeployOptions> & { readonly executors?: (open: Open) => Executors } = {},
): Deployment => world.deploy(pipeline, { held: HELD, readAs: asLarge, slowMs: 0, ...more })

const runBatch = async (world: World, app: Deployment, texts: readonly string[]): Promise<void> => {
  for (const [index, text] of texts.entries())
    world.write(
      `${world.nowMs}-${String(index).padStart(2, '0')}.txt`,
      world.nowMs + 500 - START_MS,
      `${text}\n`,
    )
  await app.tick()
}

/** What readers see who trust `_SUCCESS`: the text of each part that it names, by its directory. */
const publishedIn = (world: World): Readonly<Record<string, readonly string[]>> => {
  const files = world.bucket.files()
  const successes = [...files].filter(([key]) => key.endsWith('/_SUCCESS'))
  return Object.fromEntries(
    successes.map(([key, success]) => {
      const directory = key.slice(0, key.lastIndexOf('/'))
      // The files of a table are beside its batches.
      const root = directory.replace(/\/_batches\/\d+$/, '')
      const textOf = (name: string): string =>
        Buffer.from(files.get(`${root}/${name}`) ?? Buffer.from('gone')).toString('utf8')
      return [directory, partsIn(success).map(textOf)]
    }),
  )
}

const shout = (lines: DStream<string>): DStream<string> =>
  lines
    .map((line) => {
      if (line.includes('!')) throw new RangeError('bad line')
      return line.toUpperCase()
    })
    .filter((line) => line !== 'QUESTION')

const OUTPUTS: Readonly<Record<string, (lines: DStream<string>) => void>> = {
  'lines of text': (lines) => shout(lines).saveAsTextFiles('s3://results/out'),
  'objects, some of which cannot be written': (lines) =>
    shout(lines)
      .map((line) => (line.includes('NOT') ? { line, f: (): number => 1 } : { line }))
      .saveAsObjectFiles('s3://results/out', 'jsonl'),
  'a part of what was divided anew': (lines) =>
    shout(lines)
      .repartition(5)
      .map((line) => `${line}.`)
      .saveAsTextFiles('s3://results/out'),
  'nothing where there is nothing': (lines) =>
    shout(lines)
      .filter((line) => line.includes('IS'))
      .saveAsTextFiles('s3://results/out', { skipEmpty: true }),
  'two outputs of one stream': (lines) => {
    shout(lines).saveAsTextFiles('s3://results/out')
    shout(lines).saveAsTextFiles('s3://results/again')
  },
  'rows in the directories of a table': (lines) =>
    shout(lines)
      .map((line) => ({ line, last: line.includes('NOT') ? new Date(0) : line.slice(-1) }))
      .saveAsFiles('s3://results/out', {
        format: jsonLines(),
        partitionBy: ({ last }) => ({ last: last as string }),
      }),
  'a directory, which the driver writes': (lines) => {
    shout(lines).saveAsTextFiles('out')
    lines.saveAsTextFiles('s3://results/out')
  },
}

const seenIn = async (
  define: (lines: DStream<string>) => void,
  executors?: (open: Open) => Executors,
): Promise<{ readonly published: ReturnType<typeof publishedIn> }> => {
  const world = new World()
  const pipeline = pipelineOf((ssc) => define(ssc.textFileStream('in')))
  const app = deploy(world, pipeline, executors && { executors })
  await app.run()
  for (const texts of [TEXTS, TEXTS.slice(3, 5), TEXTS.slice(3, 4), TEXTS.slice(1)])
    await runBatch(world, app, texts)
  const seen = {
    published: publishedIn(world),
    names: [...world.bucket.files().keys()].toSorted(),
    files: new Map([...world.files.files()].map(([name, bytes]) => [name, String(bytes)])),
    deadLetters: (await world.deadLetters()).map(String).toSorted(),
    records: app.eventsOf('batchCompleted').map(({ records }) => records),
  }
  return seen
}

describe.each(Object.keys(OUTPUTS))('%s', (name) => {
  const define = OUTPUTS[name] as (typeof OUTPUTS)[string]

  test.each(Object.entries(BEHAVIOURS))('is the same where executors %s', async (_, behaviour) => {
    const alone = await seenIn(define)
    expect(Object.keys(alone.published).length).toBeGreaterThan(2)
    for (const count of [1, 3])
      expect(await seenIn(define, executorsOf(count, behaviour))).toEqual(alone)
  })
})

const OUT = 's3://results/out'
const pipelineTo = (define: (lines: DStream<string>) => void): Pipeline =>
  pipelineOf((ssc) => define(ssc.textFileStream('in')))

describe('an output in a bucket', () => {
  test('is written by executors, and what comes back is short', async () => {
    const world = new World()
    const puts: Puts[] = []
    const answers: number[] = []
    const counting = (servers: readonly TaskServer[]): Run => {
      return async (...given) => {
        const answer = await prompt(servers)(...given)
        answers.push(answer.byteLength)
        return answer
      }
    }
    const app = deploy(
      world,
      pipelineTo((lines) => lines.saveAsTextFiles(OUT)),
      {
        bucketOf: watched(puts),
        executors: executorsOf(3, counting),
      },
    )
    await app.run()
    const texts = Array.from({ length: 12 }, (_, index) => `${index} `.repeat(100_000))
    await runBatch(world, app, texts)
    const [parts = []] = Object.values(publishedIn(world))
    expect(parts.map((text, index) => text === `${texts[index]}\n`)).toEqual(texts.map(() => true))
    const byDriver = puts.filter(({ by }) => by === 'driver')
    expect(answers.length).toBeGreaterThan(5)
    expect(Math.max(...answers)).toBeLessThan(500)
    expect(byDriver.length).toBe(12 - answers.length + 1)
  })

  test('of a small batch takes four calls', async () => {
    const world = new World()
    const puts: Puts[] = []
    const calls: string[] = []
    const app = world.deploy(
      pipelineTo((lines) => lines.saveAsTextFiles(OUT)),
      {
        bucketOf: watched(puts, calls),
        executors: executorsOf(3, prompt),
      },
    )
    await app.run()
    await runBatch(world, app, ['to be'])
    expect([...calls, ...puts.map(({ key }) => key)]).toEqual([
      'list driver',
      'head driver',
      `out-${START_MS + 1_000}/part-00000`,
      `out-${START_MS + 1_000}/_SUCCESS`,
    ])
  })

  test('is not written by executors where somebody else has written', async () => {
    const world = new World()
    const puts: Puts[] = []
    const planted = `out-${START_MS + 1_000}/report.csv`
    world.bucket.plant(planted, Buffer.from('mine'))
    const app = deploy(
      world,
      pipelineTo((lines) => lines.saveAsTextFiles(OUT)),
      {
        bucketOf: watched(puts),
        executors: executorsOf(3, prompt),
      },
    )
    await app.run()
    await runBatch(world, app, TEXTS)
    expect((await world.head()).reason?.code).toBe('OUTPUT_EXISTS')
    expect(puts).toEqual([])
    expect([...world.bucket.files().keys()]).toEqual([planted])
  })

  test('shows nothing of a batch whose last part cannot be written', async () => {
    for (const executors of [undefined, executorsOf(2, prompt)]) {
      const world = new World()
      let isBroken = true
      // What follows `mapPartitions` belongs to no record, so nothing can be put aside.
      const define = (lines: DStream<string>): void =>
        lines
          .mapPartitions((all) => [...all].map((line) => (isBroken && line === 'f' ? test : line)))
          .saveAsObjectFiles(OUT)
      const app = deploy(world, pipelineTo(define), executors && { executors })
      await app.run()
      await runBatch(world, app, ['a', 'b', 'c', 'd', 'e', 'f'])
      expect((await world.head()).reason?.code).toBe('VALUE_UNSUPPORTED')
      expect(publishedIn(world)).toEqual({})
      isBroken = false
      world.advance(60_000)
      await app.run()
      const parts = ['a', 'b', 'c', 'd', 'e', 'f'].map((line) => `"${line}"\n`)
      expect(publishedIn(world)[`out-${START_MS + 1_000}`]).toEqual(parts)
    }
  })

  test('does not change when executors write again, whatever it is, however late', async () => {
    const world = new World()
    const asked: { readonly server: TaskServer; readonly request: TaskRequest }[] = []
    const keeping =
      (servers: readonly TaskServer[]): Run =>
      (executor, request, ...rest) => {
        asked.push({ server: servers[executor] as TaskServer, request: request as TaskRequest })
        return prompt(servers)(executor, request, ...rest)
      }
    let suffix = ''
    const app = deploy(
      world,
      pipelineTo((lines) => lines.map((line) => line + suffix).saveAsTextFiles(OUT)),
      { executors: executorsOf(2, keeping) },
    )
    await app.run()
    await runBatch(world, app, TEXTS)
    const published = publishedIn(world)
    const names = [...world.bucket.files().keys()]
    expect(asked.length).toBeGreaterThan(2)
    for (const { server, request } of asked) await server.answer(request)
    expect([...world.bucket.files().keys()]).toEqual(names)
    // Functions must be deterministic (B3). If one is not, readers of `_SUCCESS` see one batch.
    suffix = ' again'
    for (const { server, request } of asked) await server.answer(request)
    expect(world.bucket.files().size).toBeGreaterThan(names.length)
    expect(publishedIn(world)).toEqual(published)
  })

  test.each<[string, (lines: DStream<string>) => DStream<string>]>([
    ['read', (lines) => lines],
    ['computed in the driver', (lines) => lines.repartition(5).map((line) => `${line}.`)],
  ])('that is done is written by nobody in a retry: %s', async (_, make) => {
    const world = new World()
    const puts: Puts[] = []
    let isBroken = true
    const app = deploy(
      world,
      pipelineTo((lines) => {
        make(lines).saveAsTextFiles(OUT)
        lines.saveAsTextFiles('s3://results/again')
      }),
      {
        executors: executorsOf(2, prompt),
        bucketOf: (bucket, by) => ({
          ...watched(puts)(bucket, by),
          async putIfSeen(object, seen) {
            if (isBroken && object.key.startsWith('again-')) throw new Error('no')
            puts.push({ by, key: object.key })
            return bucket.putIfSeen(object, seen)
          },
        }),
      },
    )
    await app.run()
    await runBatch(world, app, TEXTS)
    expect((await world.head()).reason).toBeDefined()
    const parts = (): readonly Puts[] =>
      puts.filter(({ key }) => key.startsWith(`out-${START_MS + 1_000}/part-`))
    const before = parts()
    expect(before.filter(({ by }) => by === 'executor')).not.toEqual([])
    isBroken = false
    world.advance(60_000)
    await app.run()
    expect(publishedIn(world)).toHaveProperty(`again-${START_MS + 1_000}`)
    expect(parts()).toEqual(before)
  })

  test('publishes what was counted when a task was computed twice with other bytes', async () => {
    const world = new World()
    let times = 0
    // Each answer is lost when its part is written, and the driver writes another one.
    const losing =
      (servers: readonly TaskServer[]): Run =>
      async (...given) => {
        await prompt(servers)(...given)
        throw new Error('the answer was lost')
      }
    const app = deploy(
      world,
      pipelineTo((lines) => lines.map((line) => `${line} ${++times}`).saveAsTextFiles(OUT)),
      { executors: executorsOf(1, losing) },
    )
    await app.run()
    await runBatch(world, app, TEXTS)
    const [parts = []] = Object.values(publishedIn(world))
    expect(parts.map((text) => text.replace(/ \d+\n$/, ''))).toEqual(TEXTS)
    // What nobody counts is removed: another attempt was seen.
    expect(world.bucket.files().size).toBe(TEXTS.length + 1)
  })

  test('is made of a kept stream once, in the driver, however many outputs use it', async () => {
    const world = new World()
    const puts: Puts[] = []
    let times = 0
    const define = (lines: DStream<string>): void => {
      const kept = lines.map((line) => (times++, line)).cache()
      kept.saveAsTextFiles(OUT)
      kept.saveAsTextFiles('s3://results/again')
      kept
        .map((line): [string, number] => [line, 1])
        .reduceByKey((a, b) => a + b)
        .print()
    }
    const app = deploy(world, pipelineTo(define), {
      bucketOf: watched(puts),
      executors: executorsOf(2, prompt),
    })
    await app.run()
    await runBatch(world, app, TEXTS)
    expect(times).toBe(TEXTS.length)
    expect(Object.keys(publishedIn(world))).toHaveLength(2)
    expect(puts.filter(({ by }) => by === 'executor')).toEqual([])
  })
})

const MB = 1 << 20

describe('the memory of writing', () => {
  test.each<[string, string]>([
    ['a bucket', OUT],
    ['a directory', 'out'],
  ])('is a few partitions: %s', async (_, place) => {
    const world = new World()
    const computed = { bytes: 0, parts: 0, written: 0, mostWaiting: 0 }
    const wrote = async (bytes: number): Promise<void> => {
      // Slower than what computes the parts.
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
      computed.written += bytes
    }
    const slowFiles = slowSink(world, wrote)
    const app = deploy(
      world,
      pipelineTo((lines) =>
        lines
          .map((line) => {
            computed.bytes += line.length + 1
            computed.mostWaiting = Math.max(computed.mostWaiting, computed.bytes - computed.written)
            return line
          })
          .saveAsTextFiles(place),
      ),
      { bucketOf: slowFiles.bucketOf, files: slowFiles.files },
    )
    await app.run()
    const parts = 30
    await runBatch(
      world,
      app,
      Array.from({ length: parts }, (_item, index) => String(index).padEnd(2 * MB - 1, 'x')),
    )
    expect((await world.head()).reason).toBeUndefined()
    expect(computed.bytes).toBe(parts * 2 * MB)
    expect(computed.written).toBe(computed.bytes)
    expect(computed.mostWaiting).toBeGreaterThan(4 * MB)
    expect(computed.mostWaiting).toBeLessThanOrEqual(20 * MB)
  })
})

/** The bucket and the files of a world, where each part takes a while. */
const slowSink = (
  world: World,
  wrote: (bytes: number) => Promise<void>,
): Required<Pick<DeployOptions, 'bucketOf' | 'files'>> => ({
  bucketOf: (bucket) => ({
    list: (prefix) => bucket.list(prefix),
    head: (key) => bucket.head(key),
    get: (key) => bucket.get(key),
    deleteIfSeen: (key, seen) => bucket.deleteIfSeen(key, seen),
    async putIfSeen(object, seen) {
      if (object.key.includes('/part-')) await wrote(object.bytes.byteLength)
      return bucket.putIfSeen(object, seen)
    },
  }),
  files: {
    ...world.files,
    async open(batch, fence) {
      const opened = await world.files.open(batch, fence)
      return {
        ...opened,
        async write(partition, bytes) {
          await wrote(bytes.byteLength)
          await opened.write(partition, bytes)
        },
      }
    },
  },
})
