/** When intake combines, when it does not, and what becomes of bad records. */
import { type Pipeline, seconds, type StreamingContext, type StreamOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import { pipelineOf } from '../runtime/harness.ts'
import { ShardBed } from './shard-bed.ts'

const sum = (a: number, b: number): number => a + b

const parse = (line: string): [string, number] => {
  const [key = '', value = ''] = line.split(' ')
  if (key === 'bad') throw new Error(`no value: ${value}`)
  return [key, Number(value)]
}

const pairsIn = (ssc: StreamingContext) => ssc.kinesisTextStream('lines').map(parse)

const sums = (options: Partial<StreamOptions> = {}): Pipeline =>
  pipelineOf((ssc) => pairsIn(ssc).reduceByKey(sum).print(1_000), options)

/** So many lines of few keys. */
const few = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `k${index % 5} ${'1'.padStart(30, '0')}`)

/** Lines whose keys never repeat. */
const distinct = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `key-number-${from + index} 1`)

const printedSums = (bed: ShardBed): Record<string, number> =>
  Object.fromEntries(
    bed.printed.flatMap(([, lines]) =>
      lines.map((line): [string, number] => {
        const [key = '', value] = /^\((.*),(.*)\)$/.exec(line)?.slice(1) ?? []
        return [key, Number(value)]
      }),
    ),
  )

describe('intake stores records as they are', () => {
  test.each<[string, (bed: ShardBed) => Promise<void>, readonly number[]]>([
    ['of small appends', (bed) => bed.put(few(63)), [0]],
    ['not of larger ones', (bed) => bed.put(few(64)), [64]],
    ['whose keys do not repeat', (bed) => bed.put(distinct(500)), [0]],
    [
      'only until it pays again',
      async (bed) => {
        await bed.put(distinct(100))
        for (let append = 0; append < 3; append++) await bed.put(few(100))
      },
      [0, 0, 100, 100],
    ],
    [
      'where most records are bad: the driver says so',
      (bed) => bed.put([...few(100), ...Array.from({ length: 120 }, (_, at) => `bad ${at}`)]),
      [0],
    ],
  ])('%s', async (_, bring, combined) => {
    const bed = new ShardBed(sums())
    await bed.app.trigger()
    await bring(bed)
    expect(bed.combined).toEqual(combined)
  })

  test('of a lane after an append that did not pay: 1, then 2, 4, ... 64', async () => {
    let isTried = false
    const bed = new ShardBed(
      pipelineOf((ssc) =>
        pairsIn(ssc)
          .map((pair) => {
            isTried = true
            return pair
          })
          .reduceByKey(sum)
          .print(),
      ),
    )
    const tried: number[] = []
    for (let append = 0; append < 300; append++) {
      isTried = false
      await bed.put(distinct(64))
      if (isTried) tried.push(append)
    }
    expect(tried).toEqual([0, 2, 5, 10, 19, 36, 69, 134, 199, 264])
  })

  test('when the option says so', async () => {
    const bed = new ShardBed(sums({ sourceStage: 'driver' }))
    await bed.put(few(100))
    expect(bed.combined).toEqual([0])
  })

  test('when a value cannot be stored', async () => {
    const bed = new ShardBed(
      pipelineOf((ssc) =>
        pairsIn(ssc)
          .mapValues((value) => () => value)
          .reduceByKey((a) => a)
          .print(),
      ),
    )
    await bed.put(few(100))
    expect(bed.combined).toEqual([0])
  })

  test('while the application has failed', async () => {
    const bed = new ShardBed(
      pipelineOf(
        (ssc) =>
          pairsIn(ssc)
            .reduceByKey(sum)
            .foreachRDD(async () => {
              throw new Error('the place is full')
            }),
        { retry: { for: seconds(1), attempts: 1 } },
      ),
    )
    await bed.app.trigger()
    await bed.put(few(100))
    await bed.app.pass(3, 60_000)
    expect((await bed.world.head()).status).toBe('failed')
    // The first append after it still combines: intake learns of it only then.
    for (let append = 0; append < 3; append++) await bed.put(few(100))
    expect(bed.combined).toEqual([100, 100, 0, 0])
  })

  test('when there is too little time: half stays for the append', async () => {
    const bed = new ShardBed(
      pipelineOf((ssc) =>
        pairsIn(ssc)
          .map((pair) => {
            bed.world.advance(20)
            return pair
          })
          .reduceByKey(sum)
          .print(),
      ),
    )
    await bed.app.trigger()
    bed.app.remainingMs = () => 10_000
    const before = bed.world.nowMs
    await bed.put(few(100_000))
    expect(bed.combined).toEqual([0])
    // It has ended soon after half of the time, and not with the last record.
    expect(bed.world.nowMs - before).toBeGreaterThan(5_000)
    expect(bed.world.nowMs - before).toBeLessThan(40_000)
  })
})

describe('bad records', () => {
  const lines = (append: number): (string | Uint8Array)[] => [
    ...few(50),
    `bad ${append}`,
    Uint8Array.of(0xff, 0xfe),
    ...few(50),
    `bad ${append}b`,
  ]

  test.each<[string, (bed: ShardBed) => Promise<void> | void]>([
    ['of combined blocks', () => undefined],
    ['of blocks that are lost', (bed) => bed.loseBlocks()],
    ['of blocks of other code', (bed) => bed.deploy(sums(), 2)],
  ])('%s are dead letters once', async (_, upset) => {
    const bed = new ShardBed(sums())
    await bed.app.trigger()
    for (const append of [1, 2]) await bed.put(lines(append))
    expect(bed.combined).toEqual([102, 102])
    await upset(bed)
    await bed.app.pass(2)
    expect(printedSums(bed)).toEqual({ k0: 40, k1: 40, k2: 40, k3: 40, k4: 40 })
    const letters = await bed.world.deadLetters()
    expect(letters.map(([, code, data]) => `${String(code)} ${data}`).toSorted()).toEqual([
      'LINE_NOT_UTF8 \ufffd\ufffd',
      'LINE_NOT_UTF8 \ufffd\ufffd',
      ...['bad 1', 'bad 1b', 'bad 2', 'bad 2b'].map((text) => `USER_FUNCTION_FAILED ${text}`),
    ])
  })
})
