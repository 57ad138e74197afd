import { parallelize, type RDD, seconds, stream } from 'millrace'
import { csv } from 'millrace/formats/csv'
import { parquet } from 'millrace/formats/parquet'
import { type DataFrame, SqlSession, type SqlRow } from 'millrace/sql'
import { testStream } from 'millrace/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { encodeWith, fileOf } from '../formats/duckdb-bed.ts'

const words = (): RDD<string> => parallelize(['to', 'be', 'or', 'not', 'to', 'be'])

describe('a session', () => {
  test('has the views of its batch, in foreachRDD and in transform', async () => {
    const seen: unknown[] = []
    const app = await testStream(
      stream('session', { batchInterval: seconds(1) }, (ssc) => {
        const lines = ssc.kinesisTextStream('in')
        lines
          .transform(
            (rdd) => {
              rdd.toDF({ word: 'text' }).createOrReplaceTempView('Words')
              const session = SqlSession.of(rdd)
              const stops = session.createDataFrame(['to', 'or'], { stop: 'text' })
              stops.createOrReplaceTempView('stops')
              return session.sql<{ word: string }>(
                'select word from words anti join stops on word = stop order by word',
              ).rdd
            },
            { pure: true },
          )
          .map(({ word }) => word)
          .foreachRDD(async (rdd) => void seen.push(await rdd.collect()))
        lines.foreachRDD(async (rdd) => {
          rdd.toDF({ word: 'text' }).createOrReplaceTempView('words')
          const longest = SqlSession.of(rdd).sql('select max(word) as word from words')
          longest.createOrReplaceTempView('longest')
          seen.push(await SqlSession.of(rdd).sql('from longest').collect())
        })
      }),
    )
    app.input('in').add('to', 'be', 'or', 'not')
    await app.advance(seconds(1))
    expect(seen).toEqual([['be', 'not'], [{ word: 'to' }]])
  })

  test('gives a query the views of the time when it was made', async () => {
    const rdd = words()
    const session = SqlSession.of(rdd)
    rdd.toDF({ word: 'text' }).createOrReplaceTempView('t')
    const counts = session.sql('select count(*) as n from t')
    counts.createOrReplaceTempView('t')
    const after = session.sql('select n + 1 as n from t')
    expect(await counts.collect()).toEqual([{ n: 6 }])
    expect(await after.collect()).toEqual([{ n: 7 }])
    expect(await after.count()).toBe(1)
    expect(await after.rdd.map(({ n }) => n).collect()).toEqual([7])
  })

  test('hands results on with their types', async () => {
    const session = SqlSession.of(words())
    const query =
      "select 1::decimal(9, 2) as d, [1, 2] as l, '{\"a\":1}'::json as j, 'x'::enum('x') as e, " +
      "{ a: ['b'] } as s, map { 1: 'b' } as m, '\\x00'::blob as b, timestamptz '2026-01-01' as t"
    session.sql(query).createOrReplaceTempView('typed')
    const types = 'select d, l, j, e, s, m, b, t, typeof(j) as json, typeof(d) as dec from typed'
    expect(await session.sql(types).collect()).toEqual([
      {
        d: 1,
        l: [1, 2],
        j: { a: 1 },
        e: 'x',
        s: { a: ['b'] },
        m: new Map([[1, 'b']]),
        b: Uint8Array.of(0),
        t: new Date('2026-01-01'),
        json: 'JSON',
        dec: 'DECIMAL(9,2)',
      },
    ])
  })

  test('computes an RDD once for all of its queries', async () => {
    let computed = 0
    const rdd = words().map((word) => {
      computed += 1
      return word
    })
    rdd.toDF({ word: 'text' }).createOrReplaceTempView('words')
    const session = SqlSession.of(rdd)
    await Promise.all([session.sql('from words').count(), session.sql('from words').count()])
    await session.sql('from words').collect()
    expect(computed).toBe(6)
  })

  test('keeps apart what runs at the same time', async () => {
    const counts = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const rdd = parallelize(Array.from({ length: n }, (__, at) => at))
        rdd.toDF({ n: 'number' }).createOrReplaceTempView('input')
        return SqlSession.of(rdd).sql<{ n: number }>('select count(*) as n from input').collect()
      }),
    )
    expect(counts.map(([row]) => row?.n)).toEqual(Array.from({ length: 20 }, (_, n) => n))
  })

  test('leaves nothing behind', async () => {
    const tables = SqlSession.of(words()).sql<{ n: number }>(
      "select count(*) as n from duckdb_tables() where not table_name like 'pg%'",
    )
    await words().toDF({ word: 'text' }).count()
    expect(await tables.collect()).toEqual([{ n: 0 }])
  })

  test('joins files of Parquet and CSV', async () => {
    const stars = [
      { page: 'home', stars: 5 },
      { page: 'news', stars: 3 },
    ]
    const files = {
      parquet: fileOf('pages.parquet', await encodeWith(parquet(), stars)),
      csv: fileOf('pages.csv', await encodeWith(csv({ header: true }), stars)),
    }
    for (const path of Object.values(files)) {
      const rdd = parallelize([{ page: 'home' }, { page: 'none' }])
      rdd.toDF({ page: 'text' }).createOrReplaceTempView('visits')
      const joined = SqlSession.of(rdd).sql(
        'select page, stars::double as stars from visits ' +
          `left join '${path}' using (page) order by page`,
      )
      expect(await joined.collect()).toEqual([
        { page: 'home', stars: 5 },
        { page: 'none', stars: null },
      ])
    }
  })

  test('says which views are empty and without a schema', async () => {
    const rdd = parallelize<string>([])
    rdd.toDF().createOrReplaceTempView('nothing')
    words().toDF().createOrReplaceTempView('elsewhere')
    const session = SqlSession.of(rdd)
    expect(await session.sql('select count(*) from nothing').collect()).toEqual([])
    session.createDataFrame(['to']).createOrReplaceTempView('words')
    await expect(session.sql('from nothing, words').collect()).rejects.toThrow(
      'The view nothing is empty and has no schema',
    )
    await expect(session.sql('from elsewhere').collect()).rejects.toThrow('elsewhere')
  })

  test.each<[string, () => unknown]>([
    ['SqlSession.of() needs an RDD', () => SqlSession.of([] as never)],
    ['needs a query', () => SqlSession.of(words()).sql(' ')],
    ['A view needs a name', () => words().toDF().createOrReplaceTempView('')],
    ['toDF', () => words().toDF({ word: 'string' as never })],
  ])('refuses: %s', (message, call) => {
    expect(call).toThrow(message)
  })
})

describe('types', () => {
  test('of columns follow from those of records', () => {
    const rdd = parallelize([{ n: 1, at: new Date(0), tags: ['a'], inner: { b: true } }])
    const frame = rdd.toDF({ n: 'bigint', at: 'date', tags: ['text'], inner: { b: 'boolean' } })
    expectTypeOf(frame).toEqualTypeOf<
      DataFrame<{ n: number; at: Date; tags: string[]; inner: { b: boolean } }>
    >()
    expectTypeOf(words().toDF({ word: 'text' })).toEqualTypeOf<DataFrame<SqlRow>>()
    const pairs = parallelize([['a', 1]] as [string, number][])
    pairs.toDF({ word: 'text', count: 'number' })
    // @ts-expect-error: a number is no text
    expect(() => rdd.toDF({ n: 'text' })).not.toThrow()
    // @ts-expect-error: there is no such field
    expect(() => rdd.toDF({ other: 'text' })).not.toThrow()
    // @ts-expect-error: no element of the pair is a date
    expect(() => pairs.toDF({ word: 'text', count: 'date' })).not.toThrow()
    // @ts-expect-error: a text is no number
    expect(() => words().toDF({ word: 'number' })).not.toThrow()
  })
})
