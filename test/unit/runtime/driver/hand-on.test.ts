/** A batch that does not fit into one invocation: what is kept, for whom, and until when. */
import { milliseconds, type Pipeline, type StreamOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { Operated } from '../../../../lib/runtime/operations/operated.ts'
import { reset } from '../../../../lib/runtime/operations/reset.ts'
import { skip } from '../../../../lib/runtime/operations/skip.ts'
import type { Head } from '../../../../lib/state/head.ts'
import {
  APP,
  type DeployOptions,
  type Deployment,
  pipelineOf,
  START_MS,
  type TestStore,
  World,
} from '../harness.ts'
import { asLarge, HELD, turns } from '../tasks/executors-bed.ts'

const TIMEOUT_MS = 60_000
/** Each file takes so long that three fit into an invocation. */
const FILE_MS = 20_000

/** A process of a deployment: what it has computed, and the time that its invocation has left. */
interface Process {
  readonly app: Deployment
  readonly computed: string[]
  /** Runs until the end of an invocation. Gives the outcome. */
  readonly invoke: (durationMs?: number) => Promise<string>
}

/** Counts words. A word with `!` throws. */
const counts = (read: (line: string) => string, options: Partial<StreamOptions> = {}): Pipeline =>
  pipelineOf(
    (ssc) =>
      ssc
        .textFileStream('in')
        .map((line) => [read(line), 1] as [string, number])
        .reduceByKey((a, b) => a + b)
        .saveAsTextFiles('out'),
    options,
  )

const START: Partial<DeployOptions> = { held: HELD, readAs: asLarge }

const processOf = (
  world: World,
  given: DeployOptions & {
    readonly fileMs?: number
    readonly read?: (line: string) => string
    readonly options?: Partial<StreamOptions>
  } = {},
): Process => {
  const { fileMs = FILE_MS, read = (line) => line, options: settings, ...options } = given
  const computed: string[] = []
  let leftMs = 0
  const pipeline = counts((line) => {
    computed.push(line)
    leftMs -= fileMs
    if (line.includes('!')) throw new RangeError('bad word')
    return read(line)
  }, settings)
  const invocation = { timeoutMs: TIMEOUT_MS, remainingMs: () => leftMs }
  const app = world.deploy(pipeline, { ...START, invocation, ...options })
  return {
    app,
    computed,
    invoke: async (durationMs = TIMEOUT_MS) => {
      leftMs = durationMs
      return (await app.driver.run({ mayGoOn: () => leftMs > TIMEOUT_MS / 2 })).kind
    },
  }
}

const FILES = ['a', 'b', 'c', 'd', 'e', 'a', 'b', 'c']

/** A world with a batch of files that is due. */
const worldOf = async (files: readonly string[] = FILES): Promise<World> => {
  const world = new World()
  await processOf(world).invoke()
  for (const [index, line] of files.entries()) world.write(`${index}.txt`, 500, `${line}\n`)
  world.advance(1_000)
  return world
}

const RESULT = '(a,2)\n(b,2)\n(c,2)\n(d,1)\n(e,1)\n'
const resultOf = (world: World): string => world.textOf(1_000, 'part-00000')
const keptIn = (world: World): readonly string[] =>
  world.store.keys().filter((key) => key.startsWith(`${APP}#seg#@batch`))

const operatedOf = ({ store, clock, randomness }: World): Operated => ({
  store,
  clock,
  randomness,
  app: APP,
  leaseMs: 0,
})

describe('a batch that does not fit into an invocation', () => {
  test('goes on in the next one, and runs no task twice', async () => {
    const world = await worldOf()
    const process = processOf(world)
    expect(await process.invoke()).toBe('progressed')
    expect(process.computed).toEqual(['a', 'b', 'c'])
    const { logged, owner, doneMs } = await world.head()
    expect([owner, doneMs]).toEqual([undefined, START_MS])
    expect(logged).toMatchObject({ attempts: 1, handedOn: 1, retryMs: 0 })
    expect(logged?.kept?.stages).toMatchObject([
      { stage: 'reduceByKey-1/map/1', tasks: 3, count: 8 },
    ])

    await process.invoke()
    expect(process.computed).toHaveLength(6)
    await process.invoke()
    expect(process.computed).toEqual(FILES)
    expect(resultOf(world)).toBe(RESULT)
    expect(process.app.eventsOf('handedOn')).toEqual([
      { event: 'handedOn', timeMs: START_MS + 1_000, attempt: 1, tasksKept: 3, tasksLeft: 5 },
      { event: 'handedOn', timeMs: START_MS + 1_000, attempt: 2, tasksKept: 6, tasksLeft: 2 },
    ])
    const [completed] = process.app.eventsOf('batchCompleted').slice(-1)
    expect(completed).toMatchObject({ attempt: 3, records: 8 })
  })

  // Lambda has been seen to say so at the beginning of an invocation.
  test('makes a step in each invocation whose time seems to be over at once', async () => {
    const world = await worldOf()
    const process = processOf(world, { fileMs: 0 })
    for (let n = 0; n < FILES.length; n++) await process.invoke(-89_145)
    expect(process.computed).toEqual(FILES)
    expect(process.app.eventsOf('handedOn')).toHaveLength(FILES.length - 1)
    expect(resultOf(world)).toBe(RESULT)
  })

  test('goes on in a cold process, in the order of tasks', async () => {
    const world = await worldOf()
    const computed: string[] = []
    for (let n = 0; n < 3; n++) {
      const process = processOf(world)
      await process.invoke()
      computed.push(...process.computed)
    }
    expect(computed).toEqual(FILES)
    expect(resultOf(world)).toBe(RESULT)
  })

  test('goes on from what was kept before, if a process dies before the head has it', async () => {
    const world = await worldOf()
    await processOf(world).invoke()
    const dying = processOf(world)
    const inner = { ...world.store }
    let writes = 0
    const never = new Promise<never>(() => undefined)
    // It logs the batch, computes, writes what it keeps, and dies.
    Object.assign(world.store, {
      compareAndSet: (...given: Parameters<TestStore['compareAndSet']>) =>
        writes++ === 0 ? inner.compareAndSet(...given) : never,
    })
    void dying.invoke()
    await turns(100)
    Object.assign(world.store, inner)
    expect(dying.computed).toEqual(FILES.slice(3, 6))
    const next = processOf(world)
    await next.invoke()
    expect(next.computed).toEqual(FILES.slice(3, 6))
    expect((await world.head()).logged).toMatchObject({ attempts: 3, handedOn: 2 })
    await next.invoke()
    expect(resultOf(world)).toBe(RESULT)
  })

  test('knows that it has handed on if the answer was lost', async () => {
    const world = await worldOf()
    const process = processOf(world)
    world.store.fail({ call: 'compareAndSet', to: APP, times: 1, after: 1, applied: true })
    await process.invoke()
    expect(process.app.eventsOf('handedOn')).toHaveLength(1)
    expect((await world.head()).logged).toMatchObject({ attempts: 1, handedOn: 1 })
  })
})

describe('what was kept is not used', () => {
  test('by another deployment (B10)', async () => {
    const world = await worldOf()
    await processOf(world).invoke()
    const next = processOf(world, { generation: 2, read: (line) => `new ${line}`, fileMs: 0 })
    await next.invoke()
    expect(next.computed).toEqual(FILES)
    expect(resultOf(world)).toBe(RESULT.replaceAll('(', '(new '))
  })

  test('if a file has gone since', async () => {
    const world = await worldOf()
    await processOf(world).invoke()
    world.objects.remove('1.txt')
    const next = processOf(world, { fileMs: 0 })
    await next.invoke()
    expect(next.computed).toEqual(FILES.filter((_, index) => index !== 1))
    expect(resultOf(world)).toBe(RESULT.replace('b,2', 'b,1'))
  })

  test('if it is not in the store any more', async () => {
    const world = await worldOf()
    await processOf(world).invoke()
    const keys = keptIn(world).map((key) => {
      const [partition = '', ...sort] = key.split('/')
      return { partition, sort: sort.join('/') }
    })
    await world.store.deleteAll(keys)
    const next = processOf(world, { fileMs: 0 })
    await next.invoke()
    expect(next.computed).toEqual(FILES)
    expect(resultOf(world)).toBe(RESULT)
  })
})

describe('an attempt hands nothing on', () => {
  test('that has lost its lease (B5)', async () => {
    const world = await worldOf()
    const process = processOf(world)
    const inner = { ...world.store }
    let committed: Head | undefined
    // Another process commits the batch while this one writes what it keeps.
    Object.assign(world.store, {
      putAll: async (...given: Parameters<TestStore['putAll']>) => {
        Object.assign(world.store, inner)
        await inner.putAll(...given)
        await processOf(world, { fileMs: 0 }).invoke()
        committed = await world.head()
      },
    })
    expect(await process.invoke()).toBe('progressed')
    expect(process.app.eventsOf('handedOn')).toEqual([])
    expect(committed?.doneMs).toBe(START_MS + 1_000)
    expect(await world.head()).toEqual(committed)
    expect(resultOf(world)).toBe(RESULT)
  })

  test.each<[what: string, files: readonly string[]]>([
    ['that has nothing new to keep: one task takes all of its time', ['a']],
    ['that is done with all tasks but the last one when its time ends', ['a', 'b', 'c', 'd']],
  ])('%s (B9)', async (_, files) => {
    const world = await worldOf(files)
    const process = processOf(world, { fileMs: files.length === 1 ? 10 * TIMEOUT_MS : 17_000 })
    await process.invoke()
    expect(process.app.eventsOf('handedOn')).toHaveLength(0)
    expect((await world.head()).doneMs).toBe(START_MS + 1_000)
  })
})

describe('attempts', () => {
  const options = { retry: { attempts: 2, for: milliseconds(1) } }

  test('with progress do not count as failed (B9)', async () => {
    const world = await worldOf()
    const process = processOf(world, { options, fileMs: 30_000 })
    for (let n = 0; n < 4; n++) await process.invoke()
    const head = await world.head()
    expect([head.status, head.doneMs]).toEqual(['running', START_MS + 1_000])
    expect(process.app.eventsOf('handedOn')).toHaveLength(3)
    expect(resultOf(world)).toBe(RESULT)
  })

  test('that fail count as before, whatever was handed on (B9)', async () => {
    const world = await worldOf()
    let isBroken = false
    const process = processOf(world, {
      options,
      readAs: (reader) => ({
        ...asLarge(reader),
        read: (...given) => {
          if (isBroken) throw new RangeError('broken')
          return asLarge(reader).read(...given)
        },
      }),
    })
    const outcomes: string[] = []
    for (const broken of [false, true, false, true]) {
      isBroken = broken
      outcomes.push(await process.invoke())
      world.advance(10_000)
    }
    // The first failure, before and after progress, is one of two.
    expect(outcomes).toEqual(['progressed', 'retry', 'progressed', 'failed'])
    expect((await world.head()).logged).toMatchObject({ attempts: 4, handedOn: 2 })
  })
})

describe('what was kept is removed (B11)', () => {
  const after: readonly (readonly [string, (world: World) => Promise<unknown>])[] = [
    ['after the commit', async (world) => processOf(world, { fileMs: 0 }).invoke()],
    [
      'after the commit of another deployment',
      async (world) => processOf(world, { fileMs: 0, generation: 2 }).invoke(),
    ],
    ['after a skip', async (world) => skip(operatedOf(world))],
    ['after a reset', async (world) => reset(operatedOf(world))],
  ]

  test.each(after)('%s', async (_, end) => {
    const world = await worldOf()
    await processOf(world).invoke()
    await processOf(world).invoke()
    expect(keptIn(world).length).toBeGreaterThan(0)
    await end(world)
    expect((await world.head()).logged).toBeUndefined()
    const generation = (await world.head()).generation
    const next = processOf(world, { fileMs: 0, generation })
    for (let n = 0; n < 2; n++) {
      world.write(`later${n}.txt`, world.nowMs + 500 - START_MS)
      world.advance(1_000)
      await next.invoke()
    }
    expect(keptIn(world)).toEqual([])
  })
})

describe('a batch that fits', () => {
  const callsOf = async (isLimited: boolean): Promise<readonly string[]> => {
    const world = new World()
    const calls: string[] = []
    countCalls(world.store, calls)
    const process = processOf(world, {
      fileMs: 0,
      ...(isLimited ? {} : { invocation: undefined as never }),
    })
    for (let n = 0; n < 5; n++) {
      for (const index of FILES.keys())
        world.write(`${n}-${index}.txt`, world.nowMs + 500 - START_MS)
      world.advance(1_000)
      await process.invoke()
    }
    return calls
  }

  test('makes the calls that it makes without an end, and no other', async () => {
    const calls = await callsOf(true)
    expect(calls.length).toBeGreaterThan(20)
    expect(calls).toEqual(await callsOf(false))
  })

  test('stores what it stored before', async () => {
    const world = await worldOf()
    let during: Head | undefined
    const process = processOf(world, { fileMs: 0, read: (line) => line })
    const { store } = world
    const inner = { ...store }
    Object.assign(store, {
      compareAndSet: async (...given: Parameters<TestStore['compareAndSet']>) => {
        const answer = await inner.compareAndSet(...given)
        during ??= await world.head()
        return answer
      },
    })
    await process.invoke()
    expect(Object.keys(during?.logged ?? {}).toSorted()).toEqual(
      ['attempts', 'finished', 'firstMs', 'input', 'outputsDone', 'retryMs', 'timeMs'].toSorted(),
    )
  })
})

const countCalls = (store: TestStore, calls: string[]): void => {
  for (const name of ['get', 'query', 'put', 'putAll', 'compareAndSet', 'deleteAll'] as const) {
    const call = store[name] as (...given: readonly unknown[]) => Promise<unknown>
    Object.assign(store, {
      [name]: (...given: readonly unknown[]) => {
        calls.push(`${name} ${JSON.stringify(given[0]).slice(0, 80)}`)
        return call(...given)
      },
    })
  }
}
