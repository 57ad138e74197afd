/** Files of formats through the runtime: read at once, whole when needed, and in small parts. */
import type { DStream, StreamingContext } from 'millrace'
import { jsonLines } from 'millrace/formats'
import { csv, type CsvType } from 'millrace/formats/csv'
import { parquet } from 'millrace/formats/parquet'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { redrive } from '../../../../lib/runtime/dead-letters/redrive.ts'
import type { HeldLimits } from '../../../../lib/runtime/sources/held-limits.ts'
import { APP, pipelineOf, START_MS, World } from '../harness.ts'

const HELD: readonly (HeldLimits & { readonly how: string })[] = [
  { how: 'at once', batchBytes: Infinity, partBytes: Infinity },
  { how: 'whole, when it is needed', batchBytes: 0, partBytes: Infinity },
  { how: 'in parts of 7 bytes', batchBytes: 0, partBytes: 7 },
  { how: 'in parts of 40 bytes', batchBytes: 0, partBytes: 40 },
]

interface Seen {
  readonly lines: readonly string[]
  readonly deadLetters: readonly (readonly [name: string, code: unknown, data: string])[]
}

const run = async (
  elements: (ssc: StreamingContext) => DStream<unknown>,
  files: Readonly<Record<string, Uint8Array | string>>,
  held: HeldLimits,
): Promise<Seen> => {
  const world = new World()
  const pipeline = pipelineOf((ssc) =>
    elements(ssc)
      .map((element) => JSON.stringify(element))
      .saveAsTextFiles('out'),
  )
  const app = world.deploy(pipeline, { held })
  await app.run()
  for (const [name, bytes] of Object.entries(files))
    world.objects.write(name, Buffer.from(bytes), START_MS + 500)
  await app.tick()
  const written = world.files.files()
  const parts = [...written.keys()].filter((name) => name.includes('part-')).toSorted()
  const lines = parts.flatMap((name) =>
    Buffer.from(written.get(name) ?? [])
      .toString()
      .split('\n'),
  )
  return { lines: lines.filter((line) => line !== ''), deadLetters: await world.deadLetters() }
}

const parquetFile = readFileSync(join(import.meta.dirname, '../../formats/fixtures/snappy.parquet'))
const JSON_LINES = '{"n":1}\n\n{"n":}\r\n  \n{"n":3}'
const CSV = 'n,t\n1,a\n2,"b\n""c"\nx,d\n4,e,f\n5,g\n'

describe.each(HELD)('read $how', (held) => {
  const rows: readonly {
    readonly what: string
    readonly elements: (ssc: StreamingContext) => DStream<unknown>
    readonly files: Readonly<Record<string, Uint8Array | string>>
    readonly lines: readonly string[]
    readonly bad: readonly (readonly [code: string, data: string])[]
  }[] = [
    {
      what: 'JSON lines',
      elements: (ssc) => ssc.fileStream('in', { format: jsonLines() }),
      files: { 'a.jsonl': JSON_LINES, 'b.jsonl.gz': gzipSync('{"n":4}\n') },
      lines: ['{"n":1}', '{"n":3}', '{"n":4}'],
      bad: [['RECORD_UNREADABLE', '{"n":}']],
    },
    ...[
      { how: 'plain', made: Buffer.from(CSV) },
      { how: 'in gzip', made: gzipSync(CSV) },
      { how: 'in zstd', made: zstdCompressSync(CSV) },
      { how: 'in UTF-16', made: Buffer.from(`\ufeff${CSV}`, 'utf16le') },
    ].map(({ how, made }) => ({
      what: `CSV ${how}`,
      elements: (ssc: StreamingContext) =>
        ssc.fileStream('in', { format: csv({ columns: { n: 'number', t: 'text' } }) }),
      files: { a: made },
      lines: ['{"n":1,"t":"a"}', '{"n":2,"t":"b\\n\\"c"}', '{"n":5,"t":"g"}'],
      bad: [
        ['RECORD_UNREADABLE', 'n,t\nx,d'],
        ['RECORD_UNREADABLE', 'n,t\n4,e,f'],
      ] as const,
    })),
    {
      what: 'Parquet, of which one file is damaged',
      elements: (ssc) =>
        ssc.fileStream('in', { format: parquet<{ n: bigint }>() }).map(({ n }) => Number(n) % 50),
      files: { 'a.parquet': parquetFile, 'b.parquet': parquetFile.subarray(0, 900) },
      lines: Array.from({ length: 100 }, (_, n) => String(n % 50)),
      bad: [['OBJECT_CORRUPT', expect.stringContaining('b.parquet') as string]],
    },
    {
      what: 'CSV without the column that is asked for',
      elements: (ssc) => ssc.fileStream('in', { format: csv({ columns: { n: 'number' } }) }),
      files: { 'a.csv': 'm\n1\n2\n3\n4\n5\n', 'b.csv': 'n\n1\n' },
      lines: ['{"n":1}'],
      bad: [['OBJECT_CORRUPT', expect.stringContaining('a.csv') as string]],
    },
    {
      what: 'gzip that is cut off',
      elements: (ssc) => ssc.fileStream('in', { format: csv() }),
      files: { 'a.csv.gz': gzipSync('n\n1\n2\n').subarray(0, -3), 'b.csv': 'n\n1\n' },
      lines: ['{"n":"1"}'],
      bad: [['OBJECT_CORRUPT', expect.stringContaining('a.csv.gz') as string]],
    },
  ]
  test.each(rows)('$what', async ({ elements, files, lines, bad }) => {
    const seen = await run(elements, files, held)
    expect(seen.lines).toEqual(lines)
    expect(seen.deadLetters.map(([, code, data]) => [code, data])).toEqual(bad)
    const names = seen.deadLetters.map(([name]) => name)
    expect(new Set(names).size).toBe(names.length)
  })
})

test('a bad row can be redriven, with its header, when the code is corrected', async () => {
  const world = new World()
  const pipelineWith = (type: CsvType) =>
    pipelineOf((ssc) => {
      const format = csv({ columns: { n: type } })
      ssc.fileStream('in', { format }).saveAsObjectFiles('out')
    })
  const before = world.deploy(pipelineWith('number'))
  await before.run()
  world.objects.write('a.csv', Buffer.from('m,n\n1,2\n3,"x\ny"\n'), START_MS + 500)
  await before.tick()
  const { store, clock, randomness } = world
  const range = { fromMs: START_MS, toMs: clock.now() }
  expect(await redrive({ store, app: APP, clock, randomness }, range)).toMatchObject({ records: 1 })
  const after = world.deploy(pipelineWith('text'), { generation: 2 })
  await after.tick()
  await after.tick()
  const written = [...world.files.files()].filter(([name]) => name.includes('part-'))
  expect(written.map(([, bytes]) => Buffer.from(bytes).toString()).join('')).toBe(
    '{"n":2}\n{"n":"x\\ny"}\n',
  )
  expect(await world.deadLetters()).toEqual([])
})

test('a row group that is damaged is put aside by itself when the file is large', async () => {
  const bytes = new Uint8Array(parquetFile)
  // In the second of three row groups.
  bytes.fill(0xff, 500, 560)
  const elements = (ssc: StreamingContext) =>
    ssc.fileStream('in', { format: parquet<{ n: bigint }>() }).map(({ n }) => Number(n))
  const inParts = await run(elements, { 'a.parquet': bytes }, { batchBytes: 0, partBytes: 7 })
  expect(inParts.lines).toHaveLength(60)
  expect(inParts.deadLetters).toMatchObject([
    [expect.stringContaining('a.parquet@40'), 'OBJECT_CORRUPT', expect.stringContaining('at 40')],
  ])
  const atOnce = await run(elements, { 'a.parquet': bytes }, { batchBytes: Infinity, partBytes: 7 })
  expect(atOnce.lines).toEqual([])
  expect(atOnce.deadLetters).toHaveLength(1)
})
