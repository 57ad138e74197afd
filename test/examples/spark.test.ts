/**
 * Spark's example programs, as they are here. Each restarts from the store after every batch. The
 * page for users of Spark names them all.
 */
import { createServer } from 'node:net'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Pipeline, seconds } from 'millrace'
import { testStream } from 'millrace/testing'
import { expect, onTestFinished, test } from 'vitest'
import { startMillrace, temporaryDirectory } from '../process/millrace.ts'
import { root } from '../tidy/source.ts'

/** Lines for each input, by its name. A name with a dot is a file of a directory. */
type Batch = Readonly<Record<string, readonly string[]>>

interface Case {
  readonly name: string
  readonly batches: readonly Batch[]
  /** How long each of these batches is, in seconds. */
  readonly every: number
  /** The elements of the last batch, by output. */
  readonly gives: Readonly<Record<string, readonly unknown[]>>
  /** What accumulators hold at the end. Default: there are none. */
  readonly accumulated?: Readonly<Record<string, unknown>>
}

const SOCKET = 'localhost:9999'
const HAMLET = ['to be or', 'not to be']
const HAMLET_COUNTS = [
  ['be', 2],
  ['not', 1],
  ['or', 1],
  ['to', 2],
]
/** Spark's program reads them from one place or another, and counts them. */
const counts = (name: string, input: string, every: number): Case => ({
  name,
  batches: [{ [input]: ['not counted twice'] }, { [input]: HAMLET }],
  every,
  gives: { 'print-1': HAMLET_COUNTS },
})
const near = (value: number): unknown => expect.closeTo(value, 0)
const points = (label: (x: number, y: number) => number): readonly string[] =>
  Array.from({ length: 60 }, (_, at) => [(at % 7) - 3, (at % 5) - 2] as const).map(
    ([x, y]) => `(${label(x, y)},[${x},${y}])`,
  )

const CASES: readonly Case[] = [
  counts('network-word-count', SOCKET, 1),
  counts('hdfs-word-count', 'texts/a.txt', 2),
  counts('custom-receiver', 'receiverStream-1', 1),
  counts('direct-kafka-word-count', 'topic', 2),
  counts('kinesis-word-count', 'words', 2),
  {
    name: 'stateful-network-word-count',
    batches: [{ [SOCKET]: ['hello spark'] }, { [SOCKET]: ['hello'] }],
    every: 1,
    gives: { 'print-1': [['hello', 3]] },
  },
  {
    name: 'windowed-word-count',
    batches: [{ [SOCKET]: ['a a b'] }, { [SOCKET]: ['b'] }, {}, {}],
    every: 10,
    gives: { 'print-1': [['b', 1]] },
  },
  {
    name: 'recoverable-network-word-count',
    batches: [{ [SOCKET]: ['a rose is a rose'] }, { [SOCKET]: ['b is'] }],
    every: 1,
    gives: { 'saveAsTextFiles-1': [['is', 1]] },
    accumulated: { 'dropped-words': 3 },
  },
  {
    name: 'sql-network-word-count',
    batches: [{ [SOCKET]: ['not counted twice'] }, { [SOCKET]: HAMLET }],
    every: 2,
    gives: { 'print-1': ['be: 2', 'not: 1', 'or: 1', 'to: 2'] },
  },
  {
    name: 'raw-network-grep',
    batches: [{ [SOCKET]: ['the sun'], 'localhost:9998': ['a', 'other'], 'localhost:9997': ['b'] }],
    every: 1,
    gives: { 'print-1': ['2 lines with "the"'] },
  },
  {
    name: 'network-word-join-sentiments',
    batches: [{ [SOCKET]: ['good good fine', 'bad words'] }],
    every: 5,
    gives: { 'print-1': ['good (6 happiness)', 'fine (2 happiness)', 'bad (-3 happiness)'] },
  },
  {
    name: 'page-view-stream',
    batches: [
      { [SOCKET]: ['/a\t200\t94709\t1', '/a\t404\t94117\t2', '/b\t200\t94709\t1'] },
      { [SOCKET]: ['/b\t200\t94117\t9'] },
    ],
    every: 1,
    gives: {
      'print-1': [['/b', 1]],
      'print-2': [
        ['/a', 2],
        ['/b', 2],
      ],
      'print-3': ['94117: 50 % errors'],
      'print-4': ['3 users'],
      'print-5': [],
    },
  },
  {
    name: 'streaming-k-means',
    batches: [
      { 'training/a.txt': ['[0, 0.2]', '[9, 9]', '[0.1, 0]', '[9.2, 9]'] },
      { 'test/b.txt': ['(1, [0, 0])', '(2, [9, 9])', '(1, [1, 1])'] },
    ],
    every: 5,
    gives: {
      'print-1': [
        [1, 0],
        [2, 1],
        [1, 0],
      ],
    },
  },
  {
    name: 'streaming-regressions',
    batches: [
      { 'training/a.txt': points((x, y) => 2 * x - y) },
      { 'test/b.txt': ['(5,[2,-1])', '(-5,[-2,1])'] },
    ],
    every: 5,
    gives: {
      'print-1': [
        [5, near(5)],
        [-5, near(-5)],
      ],
      'print-2': [
        [5, 1],
        [-5, 0],
      ],
    },
  },
  {
    name: 'streaming-test',
    batches: [{ 'samples/a.csv': ['true,1', 'true,2', 'true,3', 'false,7', 'false,8', 'false,9'] }],
    every: 1,
    gives: { 'print-1': [expect.stringMatching(/^p 0\.00\d\d, t 9\.00$/)] },
  },
]

const pipelineOf = async (name: string): Promise<Pipeline> => {
  const module: unknown = await import(join(root, 'examples', 'spark', `${name}.ts`))
  return (module as { readonly default: Pipeline }).default
}

test.each(CASES)('$name', async ({ name, batches, every, gives, accumulated }) => {
  const app = await testStream(await pipelineOf(name), { now: new Date(0), whenIdle: 'tick' })
  for (const [at, batch] of batches.entries()) {
    for (const [input, lines] of Object.entries(batch)) {
      const [directory = '', file] = input.split('/')
      if (file === undefined) app.input(directory).add(...lines)
      else app.input(directory).addFile(`${at}-${file}`, lines.map((line) => `${line}\n`).join(''))
    }
    await app.advance(seconds(every))
    await app.restart()
  }
  const last = Object.keys(gives).map((output) => [output, app.output(output).elements.at(-1)])
  expect(Object.fromEntries(last)).toEqual(gives)
  expect(await app.deadLetters()).toEqual([])
  if (accumulated !== undefined) expect(await app.accumulators()).toMatchObject(accumulated)
})

test('queue-stream', async () => {
  const app = await testStream(await pipelineOf('queue-stream'), { now: new Date(0) })
  await app.advance(seconds(4))
  const each = Array.from({ length: 10 }, (_, digit) => [digit, 100])
  expect(app.output('print-1').elements.slice(0, 3)).toEqual([each, each, each])
})

test('custom-receiver takes lines from a real socket', async () => {
  const server = createServer((socket) => void socket.write('to be\nor not\nto be\n'))
  await new Promise<void>((resolve) => void server.listen(0, 'localhost', resolve))
  onTestFinished(() => void server.close())
  const port = (server.address() as { readonly port: number }).port
  process.env['PORT'] = String(port)
  onTestFinished(() => void delete process.env['PORT'])
  const module = join(root, 'examples', 'spark', 'custom-receiver.ts')
  const running = startMillrace(temporaryDirectory(), 'run', module, '--state', 'state')
  await running.until((stdout) => stdout.includes('(to,2)'))
  const { exitCode, stdout } = await running.signal('SIGTERM')
  expect(exitCode).toBe(0)
  expect(stdout).toContain('(be,2)')
})

test('all of them are tested, and on the page for users of Spark', () => {
  const page = readFileSync(join(root, 'docs', 'spark-guide.md'), 'utf8')
  const files = readdirSync(join(root, 'examples', 'spark')).map((name) => name.replace('.ts', ''))
  const linked = [...page.matchAll(/\]\(\.\.\/examples\/spark\/([a-z-]+)\.ts\)/g)].map(
    ([, name = '']) => name,
  )
  expect([...new Set(linked)].toSorted()).toEqual(files.toSorted())
  expect([...CASES.map(({ name }) => name), 'queue-stream'].toSorted()).toEqual(files.toSorted())
})
