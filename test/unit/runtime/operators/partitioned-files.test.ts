/** Outputs in the directories of a table, read back by listing. */
import fc from 'fast-check'
import { type FormatFileOptions, type PartitionColumns, seconds, stream } from 'millrace'
import { type FileFormat, jsonLines } from 'millrace/formats'
import { avro } from 'millrace/formats/avro'
import { csv } from 'millrace/formats/csv'
import { parquet } from 'millrace/formats/parquet'
import { describe, expect, test } from 'vitest'
import { fileInMemory } from '../../../../lib/formats/file-format.ts'
import { pipelineOf, START_MS, World } from '../harness.ts'

interface Row {
  readonly day: string
  readonly shop: string
  readonly n: number
}
type Own = Pick<Row, 'shop' | 'n'>

const schema = {
  type: 'record',
  name: 'Row',
  fields: [
    { name: 'shop', type: 'string' },
    { name: 'n', type: 'int' },
  ],
}

const formats: readonly (readonly [extension: string, format: FileFormat<Own>])[] = [
  ['jsonl', jsonLines<Own>()],
  ['csv', csv({ columns: { shop: 'text', n: 'number' } }) as FileFormat<Own>],
  ['parquet', parquet<Own>()],
  ['avro', avro<Own>({ schema })],
]

const rowsOf = async ({ reading }: FileFormat<Own>, bytes: Uint8Array): Promise<readonly Own[]> => {
  if (reading === undefined) return []
  if (reading.shape === 'lines')
    return Buffer.from(bytes).toString().trimEnd().split('\n').map(reading.decode)
  await reading.prepare?.()
  const parts = await reading.open(fileInMemory('a', bytes))
  return (await Promise.all(parts.map(async (part) => part.read()))).flat() as readonly Own[]
}

const byDay = ({ day }: Row): PartitionColumns => ({ day })

const pipelineWith = (options: FormatFileOptions<Row>) =>
  pipelineOf((ssc) =>
    ssc
      .textFileStream('in')
      .map((line) => JSON.parse(line) as Row)
      .saveAsFiles('out/daily', options),
  )

/** Each batch is some files, each with some rows: a file is a partition. */
type Batches = readonly (readonly (readonly Row[])[])[]

/** Runs batches, one a second. `restarts`: with a new process after each. */
const run = async (options: FormatFileOptions<Row>, batches: Batches, restarts = false) => {
  const world = new World()
  const pipeline = pipelineWith(options)
  let app = world.deploy(pipeline)
  await app.run()
  for (const [index, files] of batches.entries()) {
    for (const [file, rows] of files.entries()) {
      const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
      const name = `${index}-${String(file).padStart(3, '0')}`
      world.objects.write(name, Buffer.from(text), START_MS + 1_000 * index + 500)
    }
    await app.tick()
    if (restarts) app = world.deploy(pipeline, { generation: index + 2 })
  }
  return world
}

/** What becomes of a batch that fails. */
const outcomeOf = async (options: FormatFileOptions<Row>, batch: Batches[number]) => {
  const world = new World()
  const app = world.deploy(pipelineWith(options))
  await app.run()
  for (const [file, rows] of batch.entries()) {
    const text = rows.map((one) => `${JSON.stringify(one)}\n`).join('')
    world.objects.write(`${file}`, Buffer.from(text), START_MS + 500)
  }
  const outcome = await app.tick()
  return outcome.kind === 'retry' ? outcome.reason.message : outcome.kind
}

const listed = (world: World): ReadonlyMap<string, Uint8Array> =>
  new Map([...world.files.files()].filter(([path]) => !path.includes('/_batches/')))

const row = (day: string, shop: string, n = 1): Row => ({ day, shop, n })

describe.each(formats)('%s', (extension, format) => {
  test('the rows of a day lie in one directory, without the day', async () => {
    const world = await run({ format, partitionBy: byDay }, [
      [[row('1', 'a'), row('2', 'b'), row('1', 'c', 2)], [row('2', 'd')]],
      [],
      [[row('1', 'e')]],
    ])
    const found: Record<string, unknown> = {}
    for (const [path, bytes] of listed(world)) found[path] = await rowsOf(format, bytes)
    const part = (second: number, partition: number): string =>
      `part-${START_MS + 1_000 * second}-0000${partition}.${extension}`
    expect(found).toEqual({
      [`out/daily/day=1/${part(1, 0)}`]: [
        { shop: 'a', n: 1 },
        { shop: 'c', n: 2 },
      ],
      [`out/daily/day=2/${part(1, 0)}`]: [{ shop: 'b', n: 1 }],
      [`out/daily/day=2/${part(1, 1)}`]: [{ shop: 'd', n: 1 }],
      [`out/daily/day=1/${part(3, 0)}`]: [{ shop: 'e', n: 1 }],
    })
  })

  test('the batches of a period share a file in each directory, warm and cold', async () => {
    const options = { format, partitionBy: byDay, every: seconds(5) }
    const batches = [[[row('1', 'a'), row('2', 'b')]], [[row('1', 'c')]], [], [], [], []]
    const warm = await run(options, batches)
    const cold = await run(options, batches, true)
    const rows = await Promise.all([...listed(warm).values()].map((bytes) => rowsOf(format, bytes)))
    expect(rows).toEqual([
      [
        { shop: 'a', n: 1 },
        { shop: 'c', n: 1 },
      ],
      [{ shop: 'b', n: 1 }],
    ])
    expect(listed(cold)).toEqual(listed(warm))
  })
})

test('random rows: each is once where it belongs, and nowhere else', async () => {
  const text = fc.constantFrom('', 'a', 'b/c', '__x', 'é=', ' ', '%41', 'null')
  const rows = fc.array(fc.record({ day: text, shop: text, n: fc.nat(9) }), { maxLength: 8 })
  const batches = fc.array(fc.array(rows, { maxLength: 3 }), { maxLength: 4 })
  const format = jsonLines<unknown>()
  await fc.assert(
    fc.asyncProperty(batches, fc.boolean(), async (given, restarts) => {
      const partitionBy = ({ day, n }: Row): PartitionColumns => ({ d: day, odd: n % 2 === 1 })
      const world = await run({ format, partitionBy }, given, restarts)
      const found = [...listed(world)].flatMap(([path, bytes]) => {
        const [, d = '', odd = ''] = /^out\/daily\/d=(.*)\/odd=(.*)\/part-/.exec(path) ?? []
        const day = d === '__HIVE_DEFAULT_PARTITION__' ? '' : decodeURIComponent(d)
        const lines = Buffer.from(bytes).toString().trimEnd().split('\n')
        const own = lines.map((line) => JSON.parse(line) as Row)
        expect(own.every((one) => one.day === day && String(one.n % 2 === 1) === odd)).toBe(true)
        return own
      })
      const sorted = (all: readonly Row[]): readonly string[] =>
        all.map((one) => JSON.stringify(one)).toSorted()
      expect(sorted(found)).toEqual(sorted(given.flat(2)))
    }),
    { numRuns: 60 },
  )
})

describe('a row that has no directory', () => {
  test.each<[string, (row: Row) => unknown]>([
    ['a value that no directory can have', ({ n }) => ({ n: n === 9 ? new Date(0) : n })],
    ['another value than its own column', ({ n }) => ({ n: n === 9 ? 8 : n })],
    ['no columns', ({ n }) => (n === 9 ? {} : { n })],
    ['no object', ({ n }) => (n === 9 ? 'n' : { n })],
    ['a promise', ({ n }) => (n === 9 ? Promise.resolve({ n }) : { n })],
    [
      'an error of the function',
      ({ n }) => {
        if (n === 9) throw new Error('no day')
        return { n }
      },
    ],
  ])('is put aside: %s', async (_, partitionBy) => {
    const format = jsonLines<unknown>()
    const rows = [row('1', 'a', 1), row('1', 'b', 9), row('1', 'c', 1)]
    const options = { format, partitionBy: partitionBy as (row: Row) => PartitionColumns }
    const world = await run(options, [[rows]])
    const [bytes = new Uint8Array()] = listed(world).values()
    expect(await rowsOf(jsonLines<Own>(), bytes)).toEqual([
      { day: '1', shop: 'a' },
      { day: '1', shop: 'c' },
    ])
    expect(await world.deadLetters()).toHaveLength(1)
  })

  test('rows of other columns than those before stop the batch', async () => {
    const partitionBy = ({ n }: Row): PartitionColumns => (n === 1 ? { n } : { n, shop: 'a' })
    const rows = [row('1', 'a', 1), row('1', 'a', 2)]
    const format = jsonLines<unknown>()
    expect(await outcomeOf({ format, partitionBy }, [rows])).toMatch(/gave other columns/)
  })
})

test('too many directories stop the batch with the limit and the fix', async () => {
  const rows = Array.from({ length: 4 }, (_, index) => row(String(index), 'a'))
  const options = { format: jsonLines<unknown>(), partitionBy: byDay, maxPartitions: 3 }
  expect(await outcomeOf(options, [rows])).toMatch(
    /more than 3 directories.*partition by fewer values/s,
  )
  // The limit is that of one part.
  const world = await run(options, [rows.map((one) => [one])])
  expect(listed(world).size).toBe(4)
})

test.each<[string, object, RegExp]>([
  ['no function', { partitionBy: 'day' }, /saveAsFiles\(\) needs a function/],
  ['a suffix', { partitionBy: byDay, suffix: 'x' }, /no suffix/],
  ['no directories to limit', { maxPartitions: 5 }, /limits directories, and makes none/],
  ['a limit of nothing', { partitionBy: byDay, maxPartitions: 0 }, /maxPartitions/],
  ['a limit that is too high', { partitionBy: byDay, maxPartitions: 1e6 }, /maxPartitions/],
])('refuses %s', (_, options, message) =>
  expect(() =>
    stream('app', { batchInterval: seconds(1) }, (ssc) =>
      ssc.textFileStream('in').saveAsFiles('out', { format: jsonLines(), ...options } as never),
    ).build(),
  ).toThrow(message),
)

test('another output may not lie inside the table', () =>
  expect(() =>
    stream('app', { batchInterval: seconds(1) }, (ssc) => {
      const lines = ssc.textFileStream('in')
      lines.saveAsFiles('out', { format: jsonLines(), partitionBy: () => ({ a: 1 }) })
      lines.saveAsTextFiles('out/b')
    }).build(),
  ).toThrow(/one inside the other/))
