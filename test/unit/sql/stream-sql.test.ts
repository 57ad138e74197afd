import { type DStream, seconds, stream } from 'millrace'
import 'millrace/sql'
import type { SqlOptions } from 'millrace/sql'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../lib/base/seeded.ts'
import { runSql } from './sql-bed.ts'

const WORDS = 'select word, count(*) as count from input group by word order by count desc, word'
const ofText = { schema: { word: 'text' } } as const

describe('a query over each batch', () => {
  test.each<[string, readonly (readonly unknown[])[], string, SqlOptions<never>, unknown]>([
    [
      'counts objects',
      [[{ word: 'be' }, { word: 'to' }, { word: 'be' }], [{ word: 'or' }]],
      WORDS,
      {},
      [
        [
          { word: 'be', count: 2 },
          { word: 'to', count: 1 },
        ],
        [{ word: 'or', count: 1 }],
      ],
    ],
    ['names single elements', [['to', 'to']], WORDS, ofText, [[{ word: 'to', count: 2 }]]],
    ['names them as Spark', [['to']], 'from input', {}, [[{ value: 'to' }]]],
    ['names pairs as Spark', [[['to', 2]]], 'from input', {}, [[{ _1: 'to', _2: 2 }]]],
    [
      'names pairs',
      [[['to', 2]]],
      'select upper(word) as word, n + 1 as n from input',
      { schema: { word: 'text', n: 'number' } as never },
      [[{ word: 'TO', n: 3 }]],
    ],
    ['has its own name', [['to']], 'from Words', { name: 'words' }, [[{ value: 'to' }]]],
    [
      'has no rows without a schema',
      [[], ['to']],
      'select count(*) as n from input',
      {},
      [[], [{ n: 1 }]],
    ],
    ['has columns with a schema', [[]], 'select count(*) as n from input', ofText, [[{ n: 0 }]]],
    [
      'has the time of the batch',
      [['to']],
      'select batch_time() as time from input',
      {},
      [[{ time: new Date('2026-01-01T00:00:01Z') }]],
    ],
    [
      'reads inside of JSON, lists and structures',
      [[{ user: { name: 'Ann' }, tags: ['a', 'b'], spot: { x: 1 } }]],
      'select "user"->>\'name\' as name, unnest(tags) as tag, spot.x as x from input',
      { schema: { user: 'json', tags: ['text'], spot: { x: 'number' } } as never },
      [
        [
          { name: 'Ann', tag: 'a', x: 1 },
          { name: 'Ann', tag: 'b', x: 1 },
        ],
      ],
    ],
  ])('%s', async (_, batches, query, options, expected) => {
    const ran = await runSql(batches, query, options as unknown as SqlOptions<unknown>)
    expect(ran).toEqual({ batches: expected, deadLetters: [], failures: [] })
  })

  test('sees a window', async () => {
    const { batches } = await runSql(
      [['a'], ['a', 'b'], ['b'], []],
      'select value, count(*) as n from input group by value order by value',
      {},
      (elements) => elements.window(seconds(2)),
    )
    expect(
      batches.map((rows) => rows?.map((row): unknown => Object.values(row as object))),
    ).toEqual([
      [['a', 1]],
      [
        ['a', 2],
        ['b', 1],
      ],
      [
        ['a', 1],
        ['b', 2],
      ],
      [['b', 1]],
    ])
  })

  test('puts aside what does not fit the schema', async () => {
    const { batches, deadLetters } = await runSql<unknown>(
      [[{ n: 1 }, { n: 'x' }, { n: null }, {}, ['a', 'b'], { n: 2, more: 'is left out' }]],
      'select sum(n) as sum, count(*) as count from input',
      { schema: { n: 'number' } },
    )
    expect(batches).toEqual([[{ sum: 3, count: 4 }]])
    expect(deadLetters).toEqual(['VALUE_UNSUPPORTED', 'VALUE_UNSUPPORTED'])
  })

  test('joins another stream', async () => {
    const app = await testStream(
      stream('joined', { batchInterval: seconds(1) }, (ssc) => {
        const clicks = ssc.kinesisTextStream('clicks')
        const pages = ssc.kinesisTextStream('pages').map((name) => ({ name, stars: name.length }))
        clicks
          .sql('select value, stars from input left join Pages on name = value order by value', {
            tables: { pages: { stream: pages, schema: { name: 'text', stars: 'bigint' } } },
          })
          .foreachRDD(() => undefined)
      }),
    )
    app.input('clicks').add('home', 'news')
    app.input('pages').add('home')
    await app.advance(seconds(1))
    expect(app.output('foreachRDD-1').elements).toEqual([
      [
        { value: 'home', stars: 4 },
        { value: 'news', stars: null },
      ],
    ])
  })
})

test('a pipeline with a query rests when nothing comes, and not with pure: false', async () => {
  const batchesOf = async (pure: boolean): Promise<number> => {
    const app = await testStream(
      stream('resting', { batchInterval: seconds(1) }, (ssc) => {
        ssc.kinesisTextStream('in').sql('from input', { pure }).print()
      }),
    )
    app.input('in').add('to')
    await app.advance(seconds(20))
    return app.output('print-1').elements.length
  }
  expect(await batchesOf(true)).toBeLessThan(4)
  expect(await batchesOf(false)).toBe(20)
})

describe('the same batch', () => {
  test('gives the same bytes, whatever the sums of floats are', async () => {
    const random = seededRandom(7)
    const rows = Array.from({ length: 30_000 }, () => ({
      key: Math.floor(random() * 5_000),
      value: (random() - 0.5) * 10 ** Math.floor(random() * 30),
    }))
    const query = 'select key, sum(value) as sum, avg(value) as mean from input group by key'
    const runs = [await runSql([rows], query), await runSql([rows], query)]
    expect(runs[0]?.batches[0]).toHaveLength(new Set(rows.map(({ key }) => key)).size)
    expect(JSON.stringify(runs[1])).toBe(JSON.stringify(runs[0]))
    const sums = new Map<number, readonly [sum: number, size: number]>()
    for (const { key, value } of rows) {
      const [sum, size] = sums.get(key) ?? [0, 0]
      sums.set(key, [sum + value, size + Math.abs(value)])
    }
    const odd = ((runs[0]?.batches[0] ?? []) as readonly { key: number; sum: number }[]).filter(
      ({ key, sum }) => {
        const [expected, size] = sums.get(key) ?? [Number.NaN, 0]
        return !(Math.abs(sum - expected) <= size * 1e-12)
      },
    )
    expect(odd).toEqual([])
  })

  test.each([
    ['random()', 'select random() from input'],
    ['now()', 'select now() from input'],
    ['CURRENT_TIMESTAMP', 'select CURRENT_TIMESTAMP from input'],
    ['a sample without a seed', 'from input using sample 10%'],
  ])('needs pure: false for %s', async (chance, query) => {
    const refused = await runSql([['to']], query)
    expect(refused.failures).toHaveLength(1)
    expect(refused.failures[0]).toContain(`tried: ${chance} [`)
    expect((await runSql([['to']], query, { pure: false })).failures).toEqual([])
  })
})

describe('what is refused', () => {
  test.each([
    ['select', 'without selection list'],
    ['selec 1', 'syntax error at or near "selec"'],
    ['select 1; select 2', 'not one SELECT'],
    ['drop table input', 'not one SELECT'],
    ['set threads = 4', 'not one SELECT'],
    ['from nowhere', 'Table with name nowhere does not exist'],
    ['select nothing from input', 'Referenced column "nothing" not found'],
    ["from 's3://bucket/pages.parquet'", 'extensions are not downloaded'],
    ["from read_csv('https://127.0.0.1/pages.csv')", 'extensions are not downloaded'],
    ['select 9007199254740993 as id from input', 'is not exact as a number'],
    ["select 'infinity'::timestamp as time from input", 'beyond what a Date has'],
    ['select 1 as a, 2 as a from input', 'two columns a'],
    ['select 1 as __proto__ from input', 'columns __proto__'],
  ])('in a batch: %s', async (query, message) => {
    const { failures } = await runSql([['to']], query)
    expect(failures).toHaveLength(1)
    expect(failures[0]).toContain(message)
    expect(failures[0]).toContain('[QUERY_FAILED]')
  })

  test.each<[string, unknown, unknown]>([
    ['needs a query', '', {}],
    ['needs a query', undefined, {}],
    ['columns of its schema', 'from input', { schema: { word: 'string' } }],
    ['columns of its schema', 'from input', { schema: { word: ['text', 'text'] } }],
    ['columns of its schema', 'from input', { schema: {} }],
    ['a name of its own', 'from input', { name: '' }],
    ['a name of the batch', 'from input', { name: 1 }],
    ['a name of its own', 'from input', { tables: { INPUT: {} } }],
    ['streams of one pipeline', 'from input', { tables: { pages: { stream: [] } } }],
    ['pure', 'from input', { pure: 'yes' }],
  ])('in a description: %s', (message, query, options) => {
    const describeIt = (): unknown =>
      stream('refused', { batchInterval: seconds(1) }, (ssc) => {
        const words: DStream<string> = ssc.kinesisTextStream('in')
        const tables = (options as { tables?: { INPUT?: object } }).tables
        if (tables?.INPUT !== undefined) tables.INPUT = { stream: words }
        words.sql(query as string, options as SqlOptions<string>).print()
      }).build()
    expect(describeIt).toThrow(message)
  })
})
