import {
  type Broadcast,
  type BroadcastOptions,
  hours,
  milliseconds,
  type Pipeline,
  seconds,
  stream,
  type StreamingContext,
  type StreamOptions,
} from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'

const pipelineOf = (
  define: (ssc: StreamingContext) => void,
  options: Partial<StreamOptions> = {},
): Pipeline => stream('app', { batchInterval: seconds(1), whenIdle: 'tick', ...options }, define)

const started = async (pipeline: Pipeline): Promise<TestStream> =>
  testStream(pipeline, { now: new Date(0), failures: 'record' })

/** A place outside of the application, whose value changes at any time. */
class Outside {
  value: unknown = 'v1'
  isDown = false
  loads = 0

  readonly load = (): unknown => {
    this.loads += 1
    if (this.isDown) throw new Error('the server is down')
    return this.value
  }
}

/** A pipeline that writes each word with the value that its batch uses. */
const marking = (
  outside: Outside,
  options: Partial<BroadcastOptions<unknown>> = { every: seconds(2) },
  more: (words: Broadcast<unknown>, ssc: StreamingContext) => void = () => undefined,
): Pipeline =>
  pipelineOf((ssc) => {
    const rules = ssc.broadcast<string>('rules', {
      ...(options as Omit<BroadcastOptions<string>, 'load'>),
      load: outside.load as () => string,
    })
    ssc
      .kinesisTextStream('words')
      .map((word) => `${word} ${JSON.stringify(rules.value)}`)
      .print()
    more(rules, ssc)
  })

const wordsOf = (app: TestStream): readonly unknown[] =>
  app.output('print-1').batches.flatMap(({ elements = [] }) => elements)

const codesOf = ({ events }: TestStream): readonly string[] =>
  events.flatMap((one) =>
    one.event === 'batchFailed' || one.event === 'warning' ? [one.code] : [],
  )

const feed = async (app: TestStream, word: string): Promise<void> => {
  app.input('words').add(word)
  await app.advance(seconds(1))
}

describe('a value that is loaded', () => {
  test('is the same until it is due, by batch times, and then the newest one', async () => {
    const outside = new Outside()
    const app = await started(marking(outside))
    await feed(app, 'a')
    outside.value = 'v2'
    await feed(app, 'b')
    await feed(app, 'c')
    outside.value = 'v3'
    await app.restart()
    await feed(app, 'd')
    await feed(app, 'e')
    expect(wordsOf(app)).toEqual(['a "v1"', 'b "v1"', 'c "v2"', 'd "v2"', 'e "v3"'])
    expect(outside.loads).toBe(3)
  })

  test('is that of the first attempt, whatever has changed when another one runs', async () => {
    const outside = new Outside()
    let fails = 1
    const pipeline = marking(outside, { every: milliseconds(1) }, (_, ssc) =>
      ssc.kinesisTextStream('others').foreachRDD(() => {
        outside.value = `${String(outside.value)}+`
        if (fails-- > 0) throw new Error('the sink is down')
      }),
    )
    const app = await started(pipeline)
    await feed(app, 'a')
    await app.restart({ downFor: seconds(5) })
    await feed(app, 'b')
    expect(wordsOf(app)[0]).toBe('a "v1"')
    expect(wordsOf(app)[1]).not.toBe('b "v1"')
  })

  test('is loaded again only if its version is another one', async () => {
    const outside = new Outside()
    let etag = 'one'
    const app = await started(marking(outside, { version: () => etag }))
    await feed(app, 'a')
    outside.value = 'v2'
    await feed(app, 'b')
    etag = 'two'
    await feed(app, 'c')
    expect(wordsOf(app)).toEqual(['a "v1"', 'b "v1"', 'c "v2"'])
    expect(outside.loads).toBe(2)
  })

  test('stays as it was while it cannot be loaded, and this is said', async () => {
    const outside = new Outside()
    const app = await started(marking(outside, { every: milliseconds(1) }))
    await feed(app, 'a')
    outside.isDown = true
    await feed(app, 'b')
    outside.isDown = false
    outside.value = 'v2'
    await feed(app, 'c')
    expect(wordsOf(app)).toEqual(['a "v1"', 'b "v1"', 'c "v2"'])
    expect(codesOf(app)).toEqual(['BROADCAST_STALE'])
  })

  test('stops the line before the first batch while it was never there', async () => {
    const outside = new Outside()
    outside.isDown = true
    const app = await started(marking(outside))
    app.input('words').add('a')
    await expect(app.advance(seconds(1))).rejects.toThrow(
      /"rules" could not be loaded \[BROADCAST_FAILED\]\n {2}because: Error: the server is down/,
    )
    outside.isDown = false
    await app.advance(seconds(1))
    expect(wordsOf(app)).toEqual(['a "v1"'])
  })

  test.each<[what: string, value: unknown, message: string]>([
    ['too large', new Uint8Array(8 * 1024 * 1024 + 1), 'at most 8388608 bytes'],
    ['no plain data', new (class Rule {})(), 'VALUE_UNSUPPORTED'],
  ])('cannot be %s', async (_, value, message) => {
    const outside = new Outside()
    outside.value = value
    const app = await started(marking(outside))
    app.input('words').add('a')
    await expect(app.advance(seconds(1))).rejects.toThrow(message)
  })

  test('has a version in a batch that was logged before its code was deployed', async () => {
    let fails = 1
    const failing = (ssc: StreamingContext): void =>
      ssc.kinesisTextStream('words').foreachRDD(() => {
        if (fails-- > 0) throw new Error('the sink is down')
      })
    const app = await started(pipelineOf(failing))
    await feed(app, 'a')
    const seen: unknown[] = []
    const pipeline = pipelineOf((ssc) => {
      const rules = ssc.broadcast('rules', { load: () => ['r'], every: hours(1) })
      ssc.kinesisTextStream('words').foreachRDD(async (rdd) => {
        seen.push(...(await rdd.map((word) => [word, rules.value]).collect()))
      })
    })
    await app.restart({ pipeline, downFor: seconds(5) })
    expect(seen).toEqual([['a', ['r']]])
  })

  test('is frozen, with all that is in it', async () => {
    const outside = new Outside()
    outside.value = { bots: ['a'] }
    const app = await started(
      pipelineOf((ssc) => {
        const rules = ssc.broadcast<{ bots: string[] }>('rules', {
          load: outside.load as () => { bots: string[] },
          every: hours(1),
        })
        ssc
          .kinesisTextStream('words')
          .map((word) => rules.value.bots.push(word))
          .print()
      }),
    )
    await feed(app, 'a')
    expect((await app.deadLetters()).map(({ message }) => message).join()).toContain('TypeError')
  })
})

test('a value of the code is there at once, and is not stored', () => {
  const all: Broadcast<Set<string>>[] = []
  pipelineOf((ssc) => {
    all.push(ssc.broadcast(new Set(['a'])))
    ssc.kinesisTextStream('words').print()
  }).build()
  expect(all[0]?.value.has('a')).toBe(true)
})

test.each<[what: string, declare: (ssc: StreamingContext) => unknown]>([
  ['broadcast() must know when', (ssc) => ssc.broadcast('a', { load: () => 1 })],
  ['broadcast() needs a function', (ssc) => ssc.broadcast('a', { every: hours(1) } as never)],
  [
    'A broadcast value needs a name',
    (ssc) => ssc.broadcast('', { load: () => 1, every: hours(1) }),
  ],
  [
    'Two broadcast values have the same name',
    (ssc) => {
      ssc.broadcast('a', { load: () => 1, every: hours(1) })
      ssc.broadcast('a', { load: () => 2, every: hours(1) })
    },
  ],
  ['BROADCAST_UNSET', (ssc) => ssc.broadcast('a', { load: () => 1, every: hours(1) }).value],
])('%s', (message, declare) => {
  expect(() => pipelineOf((ssc) => void declare(ssc)).build()).toThrow(message)
})
