import {
  type Accumulator,
  minutes,
  type NumberAccumulator,
  type Pipeline,
  seconds,
  stream,
  type StreamingContext,
  type StreamOptions,
} from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'

const pipelineOf = (
  describe: (ssc: StreamingContext) => void,
  options: Partial<StreamOptions> = {},
): Pipeline => stream('app', { batchInterval: seconds(1), ...options }, describe)

const started = async (
  describe: (ssc: StreamingContext) => void,
  options: Partial<StreamOptions> = {},
): Promise<TestStream> =>
  testStream(pipelineOf(describe, options), { now: new Date(0), failures: 'record' })

/** Throws a number of times. */
const failing = (times: number) => {
  let left = times
  return (): void => {
    if (left-- > 0) throw new Error('the sink gave no answer')
  }
}

/** Why attempts at batches failed. */
const codesOf = ({ events }: TestStream): readonly string[] =>
  events.flatMap((one) => (one.event === 'batchFailed' ? [one.code] : []))

describe('what an attempt that failed has added', () => {
  test('counts once, when the batch is committed', async () => {
    const sink = failing(2)
    const app = await started((ssc) => {
      const seen = ssc.longAccumulator('seen')
      const words = ssc.kinesisTextStream('words').filter(() => {
        seen.add(1)
        return true
      })
      words.print()
      words.foreachRDD(sink)
    })
    app.input('words').add('a', 'b')
    await app.advance(seconds(1))
    expect(await app.accumulators()).toEqual({})
    await app.restart({ downFor: seconds(5) })
    await app.advance(seconds(5))
    expect(await app.accumulators()).toEqual({ seen: 2 })
  })

  test('counts once in an output that was done, and is not called again', async () => {
    const sink = failing(1)
    const calls: string[] = []
    const app = await started((ssc) => {
      const seen = ssc.longAccumulator('seen')
      const words = ssc.kinesisTextStream('words')
      words.foreachRDD(async (rdd) => {
        if (!(await rdd.isEmpty())) calls.push('first')
        await rdd.foreach(() => seen.add(1))
      })
      words.foreachRDD(sink)
    })
    app.input('words').add('a', 'b')
    await app.advance(seconds(1))
    await app.restart({ downFor: seconds(5) })
    await app.advance(seconds(5))
    expect(calls).toEqual(['first'])
    expect(await app.accumulators()).toEqual({ seen: 2 })
  })

  test('is added again by an output that runs again, where the head cannot hold it', async () => {
    const sink = failing(1)
    const calls: string[] = []
    const app = await started((ssc) => {
      const odd = ssc.collectionAccumulator<string>('odd', { max: 1_000 })
      const words = ssc.kinesisTextStream('words')
      words.foreachRDD(async (rdd) => {
        if (!(await rdd.isEmpty())) calls.push('first')
        await rdd.foreach((word) => odd.add(word))
      })
      words.foreachRDD(sink)
    })
    const words = Array.from({ length: 400 }, (_, index) => `a long word, number ${index}`)
    app.input('words').add(...words)
    await app.advance(seconds(1))
    await app.restart({ downFor: seconds(5) })
    await app.advance(seconds(5))
    expect(calls).toEqual(['first', 'first'])
    expect(await app.accumulators()).toEqual({ odd: words })
  })
})

describe('the value', () => {
  const counting = (seen: NumberAccumulator) => (): boolean => {
    seen.add(1)
    return true
  }

  test('goes on after a restart, and after a deployment of other code', async () => {
    const define = (ssc: StreamingContext): void => {
      const seen = ssc.longAccumulator('seen')
      ssc.kinesisTextStream('words').filter(counting(seen)).print()
    }
    const app = await started(define)
    app.input('words').add('a', 'b')
    await app.advance(seconds(1))
    await app.restart()
    app.input('words').add('c')
    await app.advance(seconds(1))
    const other = pipelineOf((ssc) => {
      define(ssc)
      const more = ssc.doubleAccumulator('more')
      ssc.kinesisTextStream('others').foreachRDD(() => more.add(0.5))
    })
    await app.restart({ pipeline: other })
    app.input('words').add('d')
    await app.advance(seconds(1))
    expect(await app.accumulators()).toEqual({ seen: 4, more: 0.5 })
  })

  test('stays while no code has the accumulator, and is there when it is back', async () => {
    const define = (ssc: StreamingContext): void => {
      const seen = ssc.longAccumulator('seen')
      ssc.kinesisTextStream('words').filter(counting(seen)).print()
    }
    const app = await started(define)
    app.input('words').add('a', 'b')
    await app.advance(seconds(1))
    await app.restart({ pipeline: pipelineOf((ssc) => ssc.kinesisTextStream('words').print()) })
    app.input('words').add('c')
    await app.advance(seconds(1))
    expect(await app.accumulators()).toEqual({ seen: 2 })
    await app.restart({ pipeline: pipelineOf(define) })
    app.input('words').add('d')
    await app.advance(seconds(1))
    expect(await app.accumulators()).toEqual({ seen: 3 })
  })

  test('is not read as another kind', async () => {
    const app = await started((ssc) => {
      const seen = ssc.longAccumulator('seen')
      ssc.kinesisTextStream('words').filter(counting(seen)).print()
    })
    app.input('words').add('a')
    await app.advance(seconds(1))
    const pipeline = pipelineOf((ssc) => {
      ssc.collectionAccumulator<string>('seen')
      ssc.kinesisTextStream('words').print()
    })
    await expect(app.restart({ pipeline })).rejects.toThrow(
      'the accumulator "seen" is of the kind long in the store, and collection now',
    )
  })

  test('has what the batch has added so far, in functions of RDDs', async () => {
    const values: (readonly [number, number, number])[] = []
    const app = await started((ssc) => {
      const seen = ssc.longAccumulator('seen')
      const words = ssc.kinesisTextStream('words').filter(counting(seen))
      words.foreachRDD(async (rdd) => {
        const before = seen.value
        await rdd.count()
        const computed = seen.value
        await rdd.foreach(() => seen.add(10))
        values.push([before, computed, seen.value])
      })
    })
    app.input('words').add('a', 'b')
    await app.advance(seconds(1))
    await app.restart()
    app.input('words').add('c')
    await app.advance(seconds(1))
    // The harness computes the elements of each output before it runs.
    expect(values.filter(([, , value]) => value > 0)).toEqual([
      [2, 2, 22],
      [23, 23, 33],
    ])
  })

  test('is that of committed batches for listeners', async () => {
    const values: (readonly [number, number])[] = []
    const app = await started((ssc) => {
      const seen = ssc.longAccumulator('seen')
      ssc.kinesisTextStream('words').filter(counting(seen)).print()
      ssc.addStreamingListener({
        onBatchStarted: () => void values.push([0, seen.value]),
        onBatchCompleted: () => void values.push([1, seen.value]),
      })
    })
    for (let batch = 0; batch < 2; batch++) {
      app.input('words').add('a', 'b')
      await app.advance(seconds(1))
    }
    expect(values).toEqual([
      [0, 0],
      [1, 2],
      [0, 2],
      [1, 4],
    ])
  })

  test.each([0, 30])('is in the store, whether few or %s accumulators', async (more) => {
    const app = await started(
      (ssc) => {
        const all = Array.from({ length: more + 1 }, (_, index) =>
          ssc.collectionAccumulator<string>(`an-accumulator-with-a-long-name-${index}`),
        )
        ssc.kinesisTextStream('words').foreachRDD(async (rdd) => {
          for (const one of all) await rdd.foreach((word) => one.add(word))
        })
      },
      { keepForReplay: minutes(1) },
    )
    for (const word of ['a word of some length', 'another word of some length']) {
      app.input('words').add(word)
      await app.advance(seconds(1))
    }
    await app.restart()
    const values = Object.values(await app.accumulators())
    expect(values).toHaveLength(more + 1)
    expect(values[0]).toEqual(['a word of some length', 'another word of some length'])
  })

  test('may not become so large that each batch would write much', async () => {
    const app = await started((ssc) => {
      const odd = ssc.collectionAccumulator<string>('odd', { max: 1_000 })
      ssc.kinesisTextStream('words').foreachRDD((rdd) => rdd.foreach((word) => odd.add(word)))
    })
    app.input('words').add(...Array.from({ length: 50 }, () => 'x'.repeat(1_000)))
    await app.advance(seconds(1))
    expect(codesOf(app)).toContain('ACCUMULATOR_TOO_LARGE')
  })
})

describe('an accumulator in the wrong place', () => {
  test.each<[where: string, define: (ssc: StreamingContext, one: NumberAccumulator) => void]>([
    [
      'a reduction',
      (ssc, one) =>
        ssc
          .kinesisTextStream('words')
          .map((word): [string, number] => [word, 1])
          .reduceByKey((a, b) => {
            one.add(1)
            return a + b
          })
          .print(),
    ],
    [
      'a reduction over a window',
      (ssc, one) =>
        ssc
          .kinesisTextStream('words')
          .map((word): [string, number] => [word, 1])
          .reduceByKeyAndWindow((a, b) => {
            one.add(1)
            return a + b
          }, seconds(5))
          .print(),
    ],
    [
      'a function that reads it for each record',
      (ssc, one) =>
        ssc
          .kinesisTextStream('words')
          .map((word) => `${word} ${one.value}`)
          .print(),
    ],
    [
      'a function that reads it for each key',
      (ssc, one) =>
        ssc
          .kinesisTextStream('words')
          .map((word): [string, number] => [word, 1])
          .updateStateByKey<number>(() => one.value)
          .print(),
    ],
  ])('fails the batch: %s', async (_, define) => {
    const app = await started((ssc) => define(ssc, ssc.longAccumulator('seen')), {
      onBadKey: 'dead-letter',
    })
    app.input('words').add('a', 'a', 'b')
    await app.advance(seconds(1))
    expect(codesOf(app)).toContain('ACCUMULATOR_MISPLACED')
    expect(await app.deadLetters()).toEqual([])
  })

  test('outside of any batch: throws', () => {
    const all: Accumulator<number, number>[] = []
    pipelineOf((ssc) => {
      all.push(ssc.longAccumulator('seen'))
      ssc.kinesisTextStream('words').print()
    }).build()
    expect(() => all[0]?.add(1)).toThrow('ACCUMULATOR_MISPLACED')
    expect(all[0]?.value).toBe(0)
  })
})

test.each<[what: string, declare: (ssc: StreamingContext) => unknown]>([
  [
    'Two accumulators have the same name',
    (ssc) => [ssc.longAccumulator('a'), ssc.doubleAccumulator('a')],
  ],
  ['An accumulator needs a name', (ssc) => ssc.longAccumulator('a b')],
  ['max is not a number of elements', (ssc) => ssc.collectionAccumulator('a', { max: 0 })],
  [
    'accumulator() needs a function',
    (ssc) => ssc.accumulator('a', { zero: () => 0, add: (n: number) => n, merge: 1 as never }),
  ],
])('%s', (message, declare) => {
  expect(() => pipelineOf((ssc) => void declare(ssc)).build()).toThrow(message)
})

test('a number of another type is a bad record, like any that a function throws on', async () => {
  const app = await started((ssc) => {
    const seen = ssc.longAccumulator('seen')
    ssc
      .kinesisTextStream('words')
      .map((word) => {
        seen.add(Number(word))
        return word
      })
      .print()
  })
  app.input('words').add('1', 'x', '2.5', '4')
  await app.advance(seconds(1))
  expect(await app.accumulators()).toEqual({ seen: 5 })
  expect((await app.deadLetters()).map(({ text }) => text)).toEqual(['x', '2.5'])
})
