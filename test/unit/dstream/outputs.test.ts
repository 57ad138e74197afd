import { type DStream, parallelize, seconds, stream, type Time } from 'millrace'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import type { OutputView } from '../../../lib/dstream/plan-node.ts'

interface Written {
  /** What was printed to the terminal. */
  readonly printed: unknown[]
  /** What was written elsewhere: the place, and one text for each partition. */
  readonly saved: (readonly [place: string, parts: readonly string[]])[]
}

/** Runs the only output of a pipeline on an RDD, at batch time 5,000 ms. */
const run = async (
  describe: (numbers: DStream<unknown>) => void,
  elements: readonly unknown[],
  partitions = 1,
): Promise<Written> => {
  const plan = stream('app', { batchInterval: seconds(1) }, (ssc) =>
    describe(ssc.queueStream<unknown>([])),
  ).build()
  const written: Written = { printed: [], saved: [] }
  const view: OutputView = {
    timeMs: 5_000,
    attempt: { number: 2, generation: 3, epoch: 4 },
    async write({ place, format }, parts) {
      if (place === 'print:') written.printed.push(...parts.flat())
      else if (format === undefined) throw new TypeError(`${place} needs a format`)
      else
        written.saved.push([
          place,
          parts.map((part) => Buffer.from(format.encode(part)).toString()),
        ])
    },
  }
  await plan.outputs[0]?.node.run(parallelize(elements, { partitions }), view)
  return written
}

const RULER = '-------------------------------------------'
const printedBatch = (...lines: readonly string[]): string =>
  [RULER, 'Time: 5000 ms (1970-01-01T00:00:05.000Z)', RULER, ...lines, '', ''].join('\n')

describe('print, as Spark prints', () => {
  test.each<[string, number | undefined, readonly unknown[], readonly string[]]>([
    ['an empty batch', undefined, [], []],
    [
      'pairs',
      undefined,
      [
        ['to', 2],
        ['be', 1],
      ],
      ['(to,2)', '(be,1)'],
    ],
    [
      'ten of ten',
      undefined,
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'],
    ],
    [
      'ten of eleven',
      undefined,
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
      ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '...'],
    ],
    ['two of three', 2, ['a', 'b', 'c'], ['a', 'b', '...']],
    ['none of one', 0, ['a'], ['...']],
    ['none of none', 0, [], []],
  ])('%s', async (_, count, elements, lines) => {
    for (const partitions of [1, 2, 5]) {
      const { printed } = await run(
        (numbers) => (count === undefined ? numbers.print() : numbers.print(count)),
        elements,
        partitions,
      )
      expect(printed).toEqual([printedBatch(...lines)])
    }
  })
})

describe('print with a label', () => {
  test('stands above the time', async () => {
    const { printed } = await run((numbers) => numbers.print('totals', { count: 1 }), [1, 2])
    const head = [RULER, 'totals', 'Time: 5000 ms (1970-01-01T00:00:05.000Z)', RULER]
    expect(printed).toEqual([[...head, '1', '...', '', ''].join('\n')])
  })

  test('onlyChanges leaves out what was printed last, and a new process prints once', async () => {
    const pipeline = stream('changes', { batchInterval: seconds(1) }, (ssc) =>
      ssc.queueStream([['a'], ['a'], ['b'], ['a']]).print('letters', { onlyChanges: true }),
    )
    const app = await testStream(pipeline)
    await app.advance(seconds(4))
    const shown = app.output('print-1').batches.map(({ printed }) => printed.split('\n').at(-3))
    expect(shown).toEqual(['a', undefined, 'b', 'a'])
  })

  test.each([[''], [' '], ['a\nb'], [-1], [1.5], [true]])('refuses %j', (label) => {
    const build = () =>
      stream('refused', { batchInterval: seconds(1) }, (ssc) =>
        ssc.queueStream([['a']]).print(label as string),
      ).build()
    expect(build).toThrow(/ARGUMENT_INVALID/)
  })
})

describe('saveAsTextFiles', () => {
  test.each([
    ['out', '', 'out-5000'],
    ['out', 'txt', 'out-5000.txt'],
    ['', '', '5000'],
    ['', 'txt', '5000.txt'],
    ['s3://results/totals', '', 's3://results/totals-5000'],
    ['s3://results/', '', 's3://results/5000'],
    ['./out/', 'd', './out/5000.d'],
  ])('writes prefix %j and suffix %j to %s', async (prefix, suffix, path) => {
    expect((await run((numbers) => numbers.saveAsTextFiles(prefix, suffix), [1])).saved).toEqual([
      [path, ['1\n']],
    ])
  })

  test.each<[string, readonly unknown[], number, readonly string[]]>([
    [
      'a line for each element, a part for each partition',
      ['a', ['b', 1], 'ä'],
      2,
      ['a\n', '(b,1)\nä\n'],
    ],
    ['no lines for an empty batch, but all its parts', [], 2, ['', '']],
  ])('%s', async (_, elements, partitions, parts) => {
    expect(
      (await run((numbers) => numbers.saveAsTextFiles('out'), elements, partitions)).saved,
    ).toEqual([['out-5000', parts]])
  })
})

describe('saveAsObjectFiles', () => {
  test('writes one line of JSON for each element', async () => {
    const { saved } = await run((numbers) => numbers.saveAsObjectFiles('out', 'json'), [['a', 1n]])
    expect(saved).toEqual([['out-5000.json', ['["a",{"$bigint":"1"}]\n']]])
  })
})

describe('saveToTable', () => {
  const pairs: readonly (readonly [unknown, unknown])[] = [
    ['to', 2],
    [['be', 1], { n: 1n }],
  ]
  const toTable =
    (place: string) =>
    (numbers: DStream<unknown>): void =>
      (numbers as DStream<[unknown, unknown]>).saveToTable(place)

  test('writes each batch to its own place, as items', async () => {
    expect((await run(toTable('dynamodb://totals'), pairs, 2)).saved).toEqual([
      [
        'dynamodb://totals/5000',
        ['{"key":"to","value":2}\n', '{"key":"[\\"be\\",1]","value":{"n":{"$bigint":"1"}}}\n'],
      ],
    ])
  })

  test.each(['totals', '', 'dynamodb://', 'dynamodb://totals/a', 'dynamodb://totals/', './totals'])(
    'refuses the place %j',
    async (place) => {
      await expect(run(toTable(place), pairs)).rejects.toMatchObject({
        code: 'ARGUMENT_INVALID',
        message: expect.stringContaining('dynamodb://NAME') as string,
      })
    },
  )

  test('works on pairs only', () => {
    const describePairs = (numbers: DStream<number>): void => {
      // @ts-expect-error -- numbers are not pairs
      numbers.saveToTable('dynamodb://totals')
      numbers.mapToPair((n) => [n, n]).saveToTable('dynamodb://totals')
    }
    expect(describePairs).toBeTypeOf('function')
  })
})

describe('foreachRDD', () => {
  test('gets the RDD, the batch time and the attempt', async () => {
    const seen: unknown[] = []
    await run(
      (numbers) =>
        numbers.foreachRDD(
          async (rdd, time: Time, attempt) => void seen.push(await rdd.collect(), time, attempt),
        ),
      [1, 2],
    )
    expect(seen).toEqual([[1, 2], { milliseconds: 5_000 }, { number: 2, generation: 3, epoch: 4 }])
  })

  test.each([
    [
      'at once',
      () => {
        throw new TypeError('mine')
      },
    ],
    ['later', async () => Promise.reject(new TypeError('mine'))],
  ])('fails the batch with what it throws %s', async (_, f) => {
    await expect(run((numbers) => numbers.foreachRDD(f), [1])).rejects.toMatchObject({
      code: 'USER_FUNCTION_FAILED',
      message: expect.stringMatching(/foreachRDD[^]*TypeError: mine/) as string,
    })
  })
})

describe('the places of outputs', () => {
  type Save = (words: DStream<string>) => void
  const text =
    (prefix: string, suffix?: string): Save =>
    (words) =>
      words.saveAsTextFiles(prefix, suffix)
  const objects =
    (prefix: string, suffix?: string): Save =>
    (words) =>
      words.saveAsObjectFiles(prefix, suffix)
  const table =
    (place: string): Save =>
    (words) =>
      words.mapToPair((word) => [word, 1]).saveToTable(place)

  const described = (...saves: readonly Save[]) =>
    stream('app', { batchInterval: seconds(1) }, (ssc) => {
      const words = ssc.queueStream<string>([])
      for (const save of saves) save(words)
    }).build()

  test.each<[string, Save, Save]>([
    ['one prefix', text('out/x'), text('out/x')],
    ['files of another kind', text('out/x'), objects('out/x')],
    ['one prefix and suffix', text('out/x', 'csv'), objects('out/x', 'csv')],
    ['one directory in two ways of writing', text('out/x'), text('./out//y/../x')],
    ['one bucket in two ways of writing', text('s3://out/a/x'), text('s3://out/a//x')],
    ['a directory inside the other', text('out/x', 'd'), text('out/x', 'd/e')],
    ['one table', table('dynamodb://totals'), table('dynamodb://totals')],
  ])('are refused: %s', (_, first, second) => {
    expect(() => described(first, second)).toThrow(/Two outputs write to one place/)
  })

  test.each<[string, Save, Save]>([
    ['another prefix', text('out/x'), text('out/y')],
    ['another suffix', text('out/x'), text('out/x', 'csv')],
    ['a longer prefix', text('out/x'), text('out/x-1')],
    ['a directory of the name of the prefix', text('out/x'), text('out/x/y')],
    ['a directory and a bucket of one name', text('out/x'), text('s3://out/x')],
    ['another table', table('dynamodb://totals'), table('dynamodb://others')],
  ])('are accepted: %s', (_, first, second) => {
    expect(described(first, second).outputs).toHaveLength(2)
  })

  test('the error names the first output, and its stack leads to the second', () => {
    const second: Save = function theSecond(words) {
      words.saveAsTextFiles('out/x')
    }
    const error = (() => {
      try {
        return described(text('out/x'), second)
      } catch (thrown) {
        return thrown as Error
      }
    })()
    expect(error).toMatchObject({ code: 'ARGUMENT_INVALID' })
    expect((error as Error).message).toContain('saveAsTextFiles-1')
    expect((error as Error).stack).toContain('theSecond')
  })
})
