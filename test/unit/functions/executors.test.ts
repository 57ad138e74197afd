import type { Pipeline } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { ExecutorFunction } from '../../../functions/executor-function.ts'
import { lambdaExecutors } from '../../../lib/adapters/aws/lambda-executors.ts'
import { memoryBlobStore } from '../../../lib/adapters/memory/memory-blob-store.ts'
import type { BlobStore } from '../../../lib/ports/blob-store.ts'
import type { Executors } from '../../../lib/ports/executors.ts'
import { decodeAnswer, type TaskRequest } from '../../../lib/runtime/tasks/task-request.ts'
import { APP, pipelineOf } from '../runtime/harness.ts'
import { Deployed, type OpenExecutor, toBucket } from './deployed.ts'

const KB = 1_024
const MB = 1_024 * KB
/** A batch of 100 MB is a dozen tasks, and its records stay in the bucket until these read them. */
const OBJECTS = 4
const LINES = 400
const LINE_BYTES = 64 * KB
const LIMITS = { limits: { bytes: 200 * MB } }

const sum = (a: number, b: number): number => a + b

/** A small result of much. */
const counts = pipelineOf(
  (ssc) =>
    ssc
      .textFileStream('lines')
      .map((line): [string, number] => [line.slice(0, 2), 1])
      .reduceByKey(sum)
      .print(100),
  LIMITS,
)

/** A result that is larger than the answer of a function: 48 KB of each line. */
const large = pipelineOf(
  (ssc) =>
    ssc
      .textFileStream('lines')
      .map((line): [string, number] => [line.slice(0, 48 * KB), 1])
      .reduceByKey(sum)
      .map(([, count]) => count)
      .reduce(sum)
      .print(100),
  LIMITS,
)

/** What functions of Lambda would do: JSON in and out, one environment each, and nothing shared. */
class Functions {
  readonly requests: { readonly name: string; readonly bytes: number }[] = []
  readonly answers: number[] = []
  readonly kinds: string[] = []
  mostAtOnce = 0
  readonly #environments = new Map<string, Promise<ExecutorFunction>>()
  readonly #busy = new Map<string, number>()
  readonly #start: () => Promise<ExecutorFunction>
  /** Called before each task. It may throw. */
  readonly #before: (name: string, number: number) => void

  constructor(
    start: () => Promise<ExecutorFunction>,
    before: (name: string, number: number) => void = () => undefined,
  ) {
    this.#start = start
    this.#before = before
  }

  async send({ input }: { readonly input: { FunctionName: string; Payload: Uint8Array } }) {
    const { FunctionName: name, Payload } = input
    this.requests.push({ name, bytes: Payload.byteLength })
    const running = (this.#busy.get(name) ?? 0) + 1
    this.#busy.set(name, running)
    this.mostAtOnce = Math.max(this.mostAtOnce, running)
    try {
      this.#before(name, this.requests.length)
      const found = this.#environments.get(name) ?? this.#start()
      this.#environments.set(name, found)
      const request = JSON.parse(Buffer.from(Payload).toString()) as TaskRequest
      const given = await (await found)(request)
      if ('bytes' in given) this.kinds.push(decodeAnswer(Buffer.from(given.bytes, 'base64')).kind)
      const answer = Buffer.from(JSON.stringify(given))
      this.answers.push(answer.byteLength)
      return { Payload: answer }
    } finally {
      this.#busy.set(name, running - 1)
    }
  }
}

interface Played {
  readonly app: Deployed
  readonly printed: ReturnType<Deployed['printed']>
}

/** Runs one large batch. */
const play = async (
  pipeline: Pipeline,
  executors?: (open: OpenExecutor) => Executors,
): Promise<Played> => {
  const app = new Deployed(pipeline, {
    sources: { 'textFileStream-1': toBucket },
    ...(executors && { executors }),
  })
  await dropAll(app, 'a')
  await app.pass(2)
  return { app, printed: app.printed() }
}

const dropAll = async (app: Deployed, name: string): Promise<void> => {
  for (let object = 0; object < OBJECTS; object++) {
    const lines = Array.from({ length: LINES }, (_, line) =>
      `${(line * 7 + object) % 90} ${object}/${line} `.padEnd(LINE_BYTES - 1, 'x'),
    )
    await app.drop(`${name}-${object}`, `${lines.join('\n')}\n`)
  }
}

/** Runs each task twice, as when an earlier call of it still ran. The second answer counts. */
const twice = async (opened: Promise<ExecutorFunction>): Promise<ExecutorFunction> => {
  const run = await opened
  return async (request) => {
    await run(request)
    return run(request)
  }
}

const NAMES = ['exec-0', 'exec-1']
const over = (functions: Functions, blobs?: BlobStore): Executors =>
  lambdaExecutors({ functions: NAMES, blobs, client: functions as never })

let alone: Promise<Played> | undefined
const printedAlone = async (): Promise<Played['printed']> =>
  (await (alone ??= play(counts))).printed

describe('a driver with executor functions', () => {
  test('prints what it prints alone, and each computes one task at a time', async () => {
    let functions: Functions | undefined
    const { app, printed } = await play(counts, (open) => over((functions = new Functions(open))))
    expect(printed).toEqual(await printedAlone())
    expect(printed.flatMap(([, lines]) => lines)).not.toEqual([])
    const { requests = [], answers = [], kinds = [], mostAtOnce } = functions ?? {}
    expect(kinds).toEqual(requests.map(() => 'done'))
    expect(new Set(requests.map(({ name }) => name))).toEqual(new Set(NAMES))
    expect(mostAtOnce).toBe(1)
    // Requests and answers are small, whatever is read.
    for (const { bytes } of requests) expect(bytes).toBeLessThan(8 * KB)
    for (const bytes of answers) expect(bytes).toBeLessThan(8 * KB)
    expect(app.logged('task')).toHaveLength(requests.length)
    // Nothing runs on when the driver has answered: its process may be frozen then.
    expect(Math.max(...app.leftBehind)).toBe(0)
    expect(app.logged('warning')).toEqual([])
  })

  test('reads large answers from the bucket, and leaves those that nobody awaits', async () => {
    const blobs = memoryBlobStore()
    const names: string[] = []
    const watched: BlobStore = {
      ...blobs,
      put: (name, bytes) => {
        names.push(name)
        return blobs.put(name, bytes)
      },
    }
    let functions: Functions | undefined
    const { printed } = await play(large, (open) =>
      over((functions = new Functions(() => twice(open({ answers: watched })))), blobs),
    )
    expect(printed.flatMap(([, lines]) => lines)).toEqual([String(OBJECTS * LINES)])
    expect(names.length).toBeGreaterThan(1)
    expect(new Set(names).size).toBe(names.length)
    const left = await Promise.all(names.map(async (name) => (await blobs.get(name)) !== undefined))
    expect(left.filter(Boolean)).toHaveLength(names.length / 2)
    // Lambda takes no more.
    for (const bytes of functions?.answers ?? []) expect(bytes).toBeLessThan(6_291_556)
  })

  test('computes tasks with large answers itself, when there is no bucket', async () => {
    const { app, printed } = await play(large, (open) => over(new Functions(open)))
    expect(printed.flatMap(([, lines]) => lines)).toEqual([String(OBJECTS * LINES)])
    expect(app.logged('warning')).toMatchObject([{ code: 'EXECUTOR_REFUSED' }])
  })

  test.each<[string, (name: string, number: number) => void]>([
    [
      'all die',
      () => {
        throw new Error('out of memory')
      },
    ],
    [
      'one dies',
      (name) => {
        if (name === 'exec-0') throw new Error('out of memory')
      },
    ],
    [
      'one dies once',
      (_, number) => {
        if (number === 2) throw new Error('out of memory')
      },
    ],
  ])('prints the same when %s', async (_, before) => {
    const { app, printed } = await play(counts, (open) => over(new Functions(open, before)))
    expect(printed).toEqual(await printedAlone())
    expect(app.logged('warning')).toMatchObject(
      app.logged('warning').map(() => ({ code: 'EXECUTOR_LOST' })),
    )
    expect(app.logged('warning').length).toBeGreaterThan(0)
  })

  test('gives tasks only to its own generation, and asks again after a minute', async () => {
    let generation = 2
    let functions: Functions | undefined
    const { app, printed } = await play(counts, (open) =>
      over(
        (functions = new Functions(() =>
          Promise.resolve((request) => open({ generation }).then((answer) => answer(request))),
        )),
      ),
    )
    expect(printed).toEqual(await printedAlone())
    expect(app.logged('warning')).toMatchObject([{ code: 'EXECUTOR_REFUSED' }])
    const refused = functions?.answers.length ?? 0
    expect(refused).toBeGreaterThan(0)
    generation = 1
    await dropAll(app, 'b')
    await app.pass(2)
    expect(functions?.answers).toHaveLength(refused)
    app.world.advance(60_000)
    await dropAll(app, 'c')
    await app.pass(2)
    expect(functions?.answers.length).toBeGreaterThan(refused)
    expect(app.printed()).toHaveLength(3)
  })
})

test('a request of another application is refused', async () => {
  let opened: OpenExecutor | undefined
  new Deployed(counts, {
    sources: { 'textFileStream-1': toBucket },
    executors: (open) => {
      opened = open
      return over(new Functions(open))
    },
  })
  const executor = await opened?.()
  const answer = await executor?.({ app: `${APP}2`, generation: 1 } as TaskRequest)
  const { bytes } = answer as { readonly bytes: string }
  expect(decodeAnswer(Buffer.from(bytes, 'base64'))).toMatchObject({ why: 'differs' })
})
