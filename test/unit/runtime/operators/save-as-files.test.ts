/** Outputs of formats, read back by the same formats. */
import { seconds, stream } from 'millrace'
import { type FileFormat, jsonLines } from 'millrace/formats'
import { avro } from 'millrace/formats/avro'
import { csv } from 'millrace/formats/csv'
import { parquet } from 'millrace/formats/parquet'
import { describe, expect, test } from 'vitest'
import { fileInMemory } from '../../../../lib/formats/file-format.ts'
import { pipelineOf, START_MS, World } from '../harness.ts'

interface Row {
  readonly word: string
  readonly n: number
}

const schema = {
  type: 'record',
  name: 'Row',
  fields: [
    { name: 'word', type: 'string' },
    { name: 'n', type: 'int' },
  ],
}

const formats: readonly (readonly [name: string, format: FileFormat<Row>])[] = [
  ['jsonl', jsonLines<Row>()],
  ['csv', csv({ columns: { word: 'text', n: 'number' } }) as FileFormat<Row>],
  ['parquet', parquet<Row>()],
  ['avro', avro<Row>({ schema })],
]

const rowsOf = async ({ reading }: FileFormat<Row>, bytes: Uint8Array): Promise<readonly Row[]> => {
  if (reading === undefined) return []
  if (reading.shape === 'lines')
    return Buffer.from(bytes)
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map(reading.decode)
  await reading.prepare?.()
  const parts = await reading.open(fileInMemory('a', bytes))
  return (await Promise.all(parts.map(async (part) => part.read()))).flat() as readonly Row[]
}

const pipelineWith = (format: FileFormat<Row>, every: boolean) =>
  pipelineOf((ssc) =>
    ssc
      .textFileStream('in')
      .map((word) => ({ word: word === 'bad' ? () => word : word, n: word.length }))
      .saveAsFiles('out/words', { format, ...(every ? { every: seconds(3) } : {}) }),
  )

/** Runs batches of words, one a second. `restarts`: with a new process after each. */
const run = async (
  format: FileFormat<Row>,
  batches: readonly (readonly string[])[],
  { every = false, restarts = false } = {},
) => {
  const world = new World()
  const pipeline = pipelineWith(format, every)
  let app = world.deploy(pipeline)
  await app.run()
  for (const [index, files] of batches.entries()) {
    for (const [file, text] of files.entries())
      world.objects.write(`${index}-${file}`, Buffer.from(text), START_MS + 1_000 * index + 500)
    await app.tick()
    if (restarts) app = world.deploy(pipeline, { generation: index + 2 })
  }
  const rows: Record<string, readonly Row[]> = {}
  const written = [...world.files.files()].filter(([name]) => name.includes('part-'))
  for (const [name, bytes] of written) rows[name] = await rowsOf(format, bytes)
  return { world, rows, written }
}

describe.each(formats)('%s', (extension, format) => {
  test('each batch is a directory, with a file for each partition that has elements', async () => {
    const { rows } = await run(format, [['mill\nrace\n', 'wheel\n']])
    const directory = `out/words-${START_MS + 1_000}.${extension}`
    expect(rows).toEqual({
      [`${directory}/part-00000`]: [
        { word: 'mill', n: 4 },
        { word: 'race', n: 4 },
      ],
      [`${directory}/part-00001`]: [{ word: 'wheel', n: 5 }],
    })
  })

  test.each([false, true])('an element that cannot be written is put aside: %s', async (every) => {
    const { world, rows } = await run(format, [['mill\nbad\n'], [], [], []], { every })
    const isJson = extension === 'jsonl'
    expect(Object.values(rows).flat()).toEqual([
      { word: 'mill', n: 4 },
      // What JSON.stringify leaves out.
      ...(isJson ? [{ n: 3 }] : []),
    ])
    expect((await world.deadLetters()).map(([, code]) => code)).toEqual(
      isJson ? [] : ['VALUE_UNSUPPORTED'],
    )
  })

  test('the batches of a period share a file, warm and cold', async () => {
    const batches = [['mill\nrace\n'], [], ['wheel\n'], ['river\n'], [], [], [], []]
    const warm = await run(format, batches, { every: true })
    const cold = await run(format, batches, { every: true, restarts: true })
    expect(Object.values(warm.rows).flat()).toEqual([
      { word: 'mill', n: 4 },
      { word: 'race', n: 4 },
      { word: 'wheel', n: 5 },
      { word: 'river', n: 5 },
    ])
    expect(Object.keys(warm.rows)).toHaveLength(2)
    expect(cold.written).toEqual(warm.written)
  })
})

test.each([undefined, {}, { format: 'parquet' }, { format: { name: 'x', settings: {} } }])(
  'refuses what is no format: %j',
  (options) =>
    expect(() =>
      stream('app', { batchInterval: seconds(1) }, (ssc) =>
        ssc.textFileStream('in').saveAsFiles('out', options as never),
      ).build(),
    ).toThrow(/saveAsFiles\(\) needs a format/),
)
