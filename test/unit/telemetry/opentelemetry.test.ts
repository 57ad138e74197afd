import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { StreamingContext, StreamOptions } from 'millrace'
import { openTelemetry } from 'millrace/opentelemetry'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { TaskRequest } from '../../../lib/runtime/tasks/task-request.ts'
import { Deployed, toStream } from '../functions/deployed.ts'
import { APP, pipelineOf, START_MS, World } from '../runtime/harness.ts'
import { asLarge, executorsOf, HELD, prompt, sum, thirds } from '../runtime/tasks/executors-bed.ts'
import { SpanBed } from './span-bed.ts'

let bed: SpanBed
beforeEach(() => void (bed = new SpanBed()))
afterEach(() => bed.close())

const traced = (use: (ssc: StreamingContext) => void, options: Partial<StreamOptions> = {}) =>
  pipelineOf((ssc) => {
    ssc.addStreamingListener(openTelemetry())
    use(ssc)
  }, options)

const words = (ssc: StreamingContext): void =>
  thirds(ssc.textFileStream('in')).reduceByKey(sum).saveAsTextFiles('out')

/** Files that are a task each, with two executors. Gives what these were asked. */
const withExecutors = async (use: (ssc: StreamingContext) => void): Promise<TaskRequest[]> => {
  const world = new World()
  const away: TaskRequest[] = []
  const app = world.deploy(traced(use), {
    held: HELD,
    readAs: asLarge,
    slowMs: 0,
    executors: executorsOf(2, prompt, away),
  })
  await app.run()
  for (let file = 0; file < 8; file++) world.write(`${file}.txt`, 500, `to be ${file}\n`)
  await app.tick()
  return away
}

/** The attempts, each with its outcome. */
const outcomes = (): readonly unknown[] =>
  bed.named(`batch ${APP}`).map(({ attributes }) => attributes['millrace.batch.outcome'])

describe('a batch is a trace', () => {
  test('of its phases, outputs and stages', async () => {
    const world = new World()
    const app = world.deploy(traced(words))
    await app.run()
    world.write('a.txt', 500, 'to be\n')
    await app.tick()
    const batch = bed.named(`batch ${APP}`).at(-1)
    expect(batch && bed.treeOf(batch)).toEqual([
      `batch ${APP}`,
      '  allocate',
      '  log',
      '  read',
      '  compute',
      '    output saveAsTextFiles-1',
      '      stage reduceByKey-1',
      '      stage saveAsTextFiles-1',
      '  commit',
      '  publish',
    ])
    expect(batch?.parentSpanContext).toBe(undefined)
    expect(batch?.attributes).toEqual({
      'millrace.app': APP,
      'millrace.generation': 1,
      'millrace.batch.time': START_MS + 1_000,
      'millrace.batch.attempt': 1,
      'millrace.batch.records': 1,
      'millrace.batch.outcome': 'completed',
    })
    expect(new Set(bed.spans.map(({ status }) => status.code))).toEqual(
      new Set([SpanStatusCode.UNSET]),
    )
  })

  test('that goes on in the executors', async () => {
    const away = await withExecutors(words)
    expect(away.length).toBeGreaterThan(2)
    const calls = bed.spans.filter(({ kind }) => kind === SpanKind.CLIENT)
    expect(calls).toHaveLength(away.length)
    const [batch] = bed.named(`batch ${APP}`).slice(-1)
    for (const call of calls) {
      const [answer, ...others] = bed.childrenOf(call)
      expect(others).toEqual([])
      expect(answer).toMatchObject({ name: 'task reduceByKey-1', kind: SpanKind.SERVER })
      expect(answer?.attributes).toMatchObject({
        'millrace.app': APP,
        'millrace.node': call.name.slice(5),
      })
      expect(answer?.spanContext().traceId).toBe(batch?.spanContext().traceId)
    }
    const stages = bed.named('stage reduceByKey-1')
    expect(stages.flatMap((stage) => bed.childrenOf(stage))).toEqual(calls)
    const sent = away.map(({ traceparent = '' }) => traceparent.split('-'))
    expect(sent.map(([, , span = '']) => span).toSorted()).toEqual(
      calls.map((call) => call.spanContext().spanId).toSorted(),
    )
  })

  test('also of a state whose partitions are in executors', async () => {
    const state = (ssc: StreamingContext): void =>
      thirds(ssc.textFileStream('in'))
        .updateStateByKey<number>((all, total = 0) => all.reduce(sum, total), { partitions: 5 })
        .saveAsTextFiles('out')
    await withExecutors(state)
    const moves = bed
      .named('task updateStateByKey-1')
      .filter(({ parentSpanContext }) =>
        bed.spans.some(
          (span) =>
            span.spanContext().spanId === parentSpanContext?.spanId &&
            span.attributes['millrace.stage.side'] === 'state',
        ),
      )
    expect(moves.length).toBeGreaterThan(1)
    for (const move of moves) expect(bed.childrenOf(move)).toHaveLength(1)
  })

  test('into which fits what others trace in it', async () => {
    const world = new World()
    const app = world.deploy(
      traced((ssc) =>
        ssc.textFileStream('in').foreachRDD(async (rdd) => {
          await rdd.count()
          trace.getTracer('theirs').startSpan('a query').end()
        }),
      ),
    )
    await app.tick()
    const [query] = bed.named('a query')
    const output = bed.named('output foreachRDD-1')[0]
    expect(output).toBeDefined()
    expect(query?.parentSpanContext?.spanId).toBe(output?.spanContext().spanId)
  })
})

describe('an attempt that does not succeed', () => {
  test('has an error with its code, and the next one follows it', async () => {
    const world = new World()
    let calls = 0
    const app = world.deploy(
      traced((ssc) =>
        ssc.textFileStream('in').foreachRDD(() => {
          calls += 1
          if (calls === 1) throw new RangeError('the sink is away')
        }),
      ),
    )
    await app.run()
    await app.tick(3)
    const [failed, again] = bed.named(`batch ${APP}`)
    expect(outcomes().slice(0, 2)).toEqual(['failed', 'completed'])
    expect(failed?.status.code).toBe(SpanStatusCode.ERROR)
    expect(failed?.attributes['error.type']).toBe('USER_FUNCTION_FAILED')
    const [exception] = failed?.events ?? []
    expect(exception).toMatchObject({
      name: 'exception',
      attributes: {
        'exception.type': 'USER_FUNCTION_FAILED',
        'exception.message': expect.stringContaining('the sink is away') as string,
        'exception.stacktrace': expect.stringContaining('opentelemetry.test.ts') as string,
      },
    })
    expect(bed.named('output foreachRDD-1')[0]?.status.code).toBe(SpanStatusCode.ERROR)
    expect(again?.links.map(({ context }) => context.spanId)).toEqual([
      failed?.spanContext().spanId,
    ])
    expect(again?.attributes['millrace.batch.attempt']).toBe(2)
  })

  test.each<{ what: string; thrown: () => unknown }>([
    { what: 'null', thrown: () => null },
    { what: 'a text of a megabyte', thrown: () => 'x'.repeat(1e6) },
    {
      what: 'what has getters that throw',
      thrown: () =>
        Object.defineProperty(new Error('no'), 'stack', {
          get: () => {
            throw new Error('a trap')
          },
        }),
    },
  ])('by $what is a span all the same', async ({ thrown }) => {
    const app = new World().deploy(
      traced((ssc) =>
        ssc.textFileStream('in').foreachRDD(() => {
          throw thrown()
        }),
      ),
    )
    await app.tick()
    expect(outcomes()).toEqual(['failed'])
    for (const { status } of bed.spans) expect(status.message?.length ?? 0).toBeLessThan(20_000)
  })

  test('in time hands on, and the next invocation follows', async () => {
    const world = new World()
    let leftMs = 60_000
    const counts = traced((ssc) =>
      ssc
        .textFileStream('in')
        .map((line): [string, number] => {
          leftMs -= 20_000
          return [line, 1]
        })
        .reduceByKey(sum)
        .saveAsTextFiles('out'),
    )
    const invocation = { timeoutMs: 60_000, remainingMs: () => leftMs }
    const app = world.deploy(counts, { held: HELD, readAs: asLarge, invocation })
    await app.run()
    for (let file = 0; file < 5; file++) world.write(`${file}.txt`, 500, 'a\n')
    world.advance(1_000)
    for (let call = 0; call < 3; call++) {
      leftMs = 60_000
      await app.driver.run({ mayGoOn: () => leftMs > 30_000 })
    }
    expect(outcomes()).toEqual(['handed_on', 'completed'])
    const [handedOn, last] = bed.named(`batch ${APP}`)
    expect(last?.links.map(({ context }) => context.spanId)).toEqual([
      handedOn?.spanContext().spanId,
    ])
    expect(handedOn?.status.code).toBe(SpanStatusCode.UNSET)
  })
})

describe('the functions on AWS', () => {
  test('make a span of each event of intake, and send all before they answer', async () => {
    const app = new Deployed(
      traced((ssc) => ssc.kinesisTextStream('lines').print()),
      {
        sources: { 'kinesisTextStream-1': toStream },
      },
    )
    await app.trigger()
    expect(bed.flushed).toBe(1)
    await app.put(1, 'a', 'b')
    expect(bed.flushed).toBe(2)
    const [append] = bed.named(`append ${APP}`)
    expect(append?.kind).toBe(SpanKind.CONSUMER)
    expect(append?.attributes).toMatchObject({
      'faas.trigger': 'pubsub',
      'messaging.operation.type': 'process',
      'messaging.batch.message_count': 2,
      'millrace.records': 2,
      'millrace.rejected': 0,
    })
    app.world.store.fail({ call: 'compareAndSet', to: 'app#in#', times: 4 })
    await expect(app.put(3, 'c')).rejects.toThrow('STORE_FAILED')
    expect(bed.named(`append ${APP}`)[1]?.attributes['error.type']).toBe('STORE_FAILED')
    expect(bed.flushed).toBe(3)
  })
})

describe('without', () => {
  /** The calls of the store, and how often the clock was read, in some batches. */
  const played = async (listens: boolean): Promise<readonly [number, number]> => {
    const world = new World()
    const pipeline = listens ? traced(words) : pipelineOf(words)
    const app = world.deploy(pipeline, { held: HELD, readAs: asLarge })
    await app.run()
    for (let batch = 0; batch < 3; batch++) {
      world.write(`${batch}.txt`, 500 + batch * 1_000, 'to be\n')
      await app.tick()
    }
    return [world.store.keys().length, bed.spans.length]
  }

  test('a listener, no span is made; with it, the same is stored', async () => {
    const [plainKeys, plainSpans] = await played(false)
    expect(plainSpans).toBe(0)
    const [tracedKeys, tracedSpans] = await played(true)
    expect(tracedSpans).toBe(30)
    expect(tracedKeys).toBe(plainKeys)
  })

  test('an SDK, batches run as ever, and executors are told nothing', async () => {
    bed.close()
    const away = await withExecutors(words)
    expect(away.length).toBeGreaterThan(2)
    for (const request of away) expect(request).not.toHaveProperty('traceparent')
  })
})

test('a listener that is added while batches run begins with a later one', async () => {
  const world = new World()
  const contexts: StreamingContext[] = []
  const app = world.deploy(
    pipelineOf((ssc) => {
      contexts.push(ssc)
      words(ssc)
    }),
  )
  await app.tick()
  for (const ssc of contexts) ssc.addStreamingListener(openTelemetry())
  world.write('a.txt', 1_500, 'to be\n')
  await app.tick()
  expect(outcomes()).toEqual(['completed'])
})
