/**
 * What the compiler says to users: correct programs compile, and common mistakes get a message that
 * names the fix. Both are compiled against the declarations that users get, by the project's
 * compiler and by the oldest one that users may have.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../tidy/source.ts'

const PREAMBLE = `
import {
  type DStream, parallelize, type RDD, seconds, type State, StateSpec, stream,
  type StreamingContext,
} from 'millrace'
export const names = [parallelize, seconds, StateSpec, stream]
export type Names = RDD<State<1>>
type Same<A, B> =
  (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? [] : [actual: A]
declare const holds: <Wanted, S>(stream: S, ...same: Same<S, DStream<Wanted>>) => void
declare const ssc: StreamingContext
declare const lines: DStream<string>
declare const counts: DStream<[string, number]>
export const used = [ssc, lines, counts, holds]
`

/** Sum and count by key, in each reducing operator. */
const sums = `([a, b], [c, d]) => [a + c, b + d]`
const sumsOf = `lines.mapToPair((line) => [line, [line.length, 1]])`
const SUMS = '[string, [number, number]]'

/** Programs that are right, each with the type of the elements that it gives. */
const correct: readonly (readonly [title: string, elements: string, program: string])[] = [
  ['map to a pair', '[string, number]', 'lines.map((line) => [line, 1])'],
  [
    'a pair operation after map',
    '[string, number]',
    'lines.map((line) => [line, 1]).reduceByKey((a, b) => a + b)',
  ],
  ['map to a tuple in a pair', SUMS, `lines.map((line) => [line, [1, 2]]).reduceByKey(${sums})`],
  ['map to a readonly pair', 'readonly [string, 1]', 'lines.map((line) => [line, 1] as const)'],
  ['map to an array', 'string[]', `lines.map((line) => line.split(' '))`],
  ['map to a literal', 'string', `lines.map(() => 'a')`],
  ['map to a constant', `'a'`, `lines.map(() => 'a' as const)`],
  ['map to a boolean', 'boolean', `lines.map((line) => line === '')`],
  ['map to unknown', 'unknown', 'lines.map((line): unknown => JSON.parse(line))'],
  ['map with a function of others', 'number', 'lines.map(Number)'],
  [
    'map to records of two shapes',
    '{ a: string } | { b: number }',
    `lines.map((line): { a: string } | { b: number } => line === '' ? { a: line } : { b: 1 })`,
  ],
  [
    'a filter by the type',
    'number',
    `lines.map((line) => (line === '' ? undefined : line.length)).filter((n) => n !== undefined)`,
  ],
  ['a filter by the value', 'string', `lines.filter((line) => line !== '')`],
  [
    'a filter of an RDD by the type',
    'number',
    `lines.transform((rdd) => rdd.map((line) => (line === '' ? null : line.length))
      .filter((n) => n !== null))`,
  ],
  ['flatMap to pairs', '[string, number]', 'lines.flatMap((line) => [[line, 1], [line, 2]])'],
  ['flatMap to some', 'string', `lines.flatMap((line) => (line === '' ? [] : [line]))`],
  [
    'flatMap by a generator',
    '[string, number]',
    'lines.flatMap(function* (line) { yield [line, 1] })',
  ],
  [
    'flatMap to pairs of words',
    '[string, number]',
    `lines.flatMap((line) => line.split(' ').map((word) => [word, 1]))`,
  ],
  [
    'mapPartitions to pairs',
    '[number, string]',
    'lines.mapPartitionsWithIndex((part, index) => Array.from(part, (line) => [index, line]))',
  ],
  [
    'keys that are tuples',
    '[[string, number], null]',
    'lines.mapToPair((line) => [[line, 1], null])',
  ],
  ['lists as values', '[string, string[]]', `lines.mapToPair((line) => [line, line.split(' ')])`],
  [
    'a list that grows',
    '[string, string[]]',
    `lines.mapToPair((line): [string, string[]] => [line, [line]])
      .reduceByKey((a, b) => [...a, ...b])`,
  ],
  ['reduceByKey of tuples', SUMS, `${sumsOf}.reduceByKey(${sums})`],
  [
    'reduceByKey of readonly pairs',
    '[string, number]',
    `lines.map((line): readonly [string, number] => [line, 1]).reduceByKey((a, b) => a + b)`,
  ],
  ['reduceByKeyAndWindow', SUMS, `${sumsOf}.reduceByKeyAndWindow(${sums}, seconds(2))`],
  [
    'reduceByKeyAndWindow with an inverse',
    SUMS,
    `${sumsOf}.reduceByKeyAndWindow(${sums}, ([a, b], [c, d]) => [a - c, b - d], seconds(2),
      seconds(1), { filter: (line, [sum]) => line !== '' && sum > 0 })`,
  ],
  ['reduce of tuples', '[number, number]', `lines.map((line) => [line.length, 1]).reduce(${sums})`],
  [
    'reduceByWindow of tuples',
    '[number, number]',
    `lines.map((line) => [line.length, 1]).reduceByWindow(${sums}, seconds(2))`,
  ],
  [
    'combineByKey to a tuple',
    SUMS,
    `counts.combineByKey((n) => [n, 1], ([sum, all], n) => [sum + n, all + 1], ${sums})`,
  ],
  [
    'combineByKey to a list',
    '[string, number[]]',
    'counts.combineByKey((n) => [n], (all, n) => [...all, n], (a, b) => [...a, ...b])',
  ],
  [
    'combineByKey to a set',
    '[string, Set<number>]',
    'counts.combineByKey((n) => new Set([n]), (all, n) => all.add(n), (a) => a)',
  ],
  ['mapValues to a tuple', SUMS, 'counts.mapValues((n) => [n, 1])'],
  ['flatMapValues to a tuple', SUMS, 'counts.flatMapValues((n) => [[n, 1]])'],
  [
    'a state of a given type',
    '[string, number]',
    'counts.updateStateByKey<number>((values, sum = 0) => sum + values.length)',
  ],
  [
    'a state whose type is at the parameter',
    SUMS,
    `counts.updateStateByKey((values, [a, b]: [number, number] = [0, 0]) =>
      [a + values.length, b + 1])`,
  ],
  [
    'a state that is removed',
    '[string, { n: number }]',
    `counts.updateStateByKey((values, state?: { n: number }) =>
      values.length > 0 ? { n: (state?.n ?? 0) + 1 } : undefined)`,
  ],
  [
    'a join',
    '[string, [number, Date | undefined]]',
    'counts.leftOuterJoin(counts.mapValues(() => new Date(0)))',
  ],
  [
    'a union of shapes',
    '{ a: string } | { b: string } | { c: number }',
    `lines.map((a) => ({ a })).union(lines.map((b) => ({ b })), lines.map(() => ({ c: 1 })))`,
  ],
  [
    'a union of shapes by the context',
    '{ a: string } | { b: string }',
    'ssc.union(lines.map((a) => ({ a })), lines.map((b) => ({ b })))',
  ],
  ['a queue of pairs', '[string, number]', `ssc.queueStream([[['a', 1]], [['b', 2]]])`],
  [
    'a decoder of pairs',
    '[string, number]',
    `ssc.kinesisStream('clicks', {
      decode: ({ data, partitionKey }) => [partitionKey, data.length] })`,
  ],
  [
    'pairs inside of transform',
    SUMS,
    `lines.transform((rdd) => rdd.map((line) => [line, [line.length, 1]]).reduceByKey(${sums}))`,
  ],
  [
    'reductions of RDDs',
    'RDD<[string, [number, number]]>',
    `lines.transform(async (rdd) => {
      const pairs = rdd.mapToPair((line) => [line, [line.length, 1]])
      const [sum, all] = await pairs.values().aggregate(() => [0, 0],
        ([a, b], [c, d]) => [a + c, b + d], ${sums})
      const folded: RDD<${SUMS}> = pairs.foldByKey([sum, all], ${sums})
      const list: readonly number[] = await rdd.aggregate(() => [0],
        (list, line) => [...list, line.length], (a, b) => [...a, ...b])
      return parallelize([pairs.union(folded).aggregateByKey(() => [list.length, 0],
        ([a, b], [c, d]) => [a + c, b + d], ${sums})])
    })`,
  ],
  [
    'an RDD of pairs in memory',
    '[string, number]',
    `lines.transform(() => parallelize([['a', 1], ['b', 2]]).reduceByKey((a, b) => a + b))`,
  ],
]

/** Programs that are right, whose types are in the program. */
const correctModules: readonly (readonly [title: string, program: string])[] = [
  [
    'StateSpec.function takes the pair from the stream',
    `const mapped = counts.mapWithState(
      StateSpec.function((word, n, state: State<number>) => [word, state.getOption() ?? n], {
        timeout: seconds(9), partitions: 2, initialState: [['a', 1]],
      }))
    export const elements: DStream<[string, number | undefined]> = mapped
    export const states: DStream<[string, number]> = mapped.stateSnapshots()`,
  ],
  [
    'StateSpec.function with all types, settings by methods',
    `export const elements: DStream<[string, number]> = counts.mapWithState(
      StateSpec.function((word: string, n: number | undefined, state: State<number>) => {
        state.update((state.getOption() ?? 0) + (n ?? 0))
        return n === undefined ? undefined : [word, n]
      }).timeout(seconds(9)))`,
  ],
  [
    'StateSpec.function that gives no element',
    `export const elements = counts.mapWithState(
      StateSpec.function((_word, n, state: State<number>) => state.update(n ?? 0)))`,
  ],
  [
    'functions over streams of any type',
    `export const sum = <K, V>(pairs: DStream<[K, V]>, f: (a: V, b: V) => V): DStream<[K, V]> =>
      pairs.reduceByKey(f).mapValues((value) => value)
    export const keyed = <T extends { id: string }>(stream: DStream<T>): DStream<[string, T]> =>
      stream.mapToPair((element) => [element.id, element])
    export const same = <T>(stream: DStream<T>): DStream<T> => stream.map((element) => element)
    export const mapped = <T, U>(stream: DStream<T>, f: (element: T) => U): DStream<U> =>
      stream.map(f)
    export const joined = <K, V, W>(a: DStream<[K, V]>, b: DStream<[K, W]>):
      DStream<[K, [V, W]]> => a.join(b)
    export const wider: DStream<readonly [string, number | undefined]> = counts
    export const widest: readonly DStream<unknown>[] = [lines, counts]
    export const later = keyed(lines.map((id) => ({ id }))).groupByKey()`,
  ],
]

/** Mistakes, and words of the message that name the fix. */
const mistakes: readonly (readonly [title: string, words: string, program: string])[] = [
  ['reduceByKey without pairs', 'mapToPair', 'lines.reduceByKey((a) => a)'],
  ['groupByKey without pairs', 'mapToPair', 'lines.groupByKey()'],
  ['mapValues without pairs', 'mapToPair', 'lines.mapValues((value) => value)'],
  ['a table without pairs', 'mapToPair', `lines.saveToTable('dynamodb://totals')`],
  ['a state without pairs', 'mapToPair', 'lines.updateStateByKey<number>(() => 1)'],
  [
    'mapWithState without pairs',
    'mapToPair',
    'lines.mapWithState(StateSpec.function((k: string, n?: string, s?: State<1>) => [k, n, s]))',
  ],
  ['a window by key without pairs', 'mapToPair', 'lines.groupByKeyAndWindow(seconds(2))'],
  ['a join without pairs', 'mapToPair', 'lines.join(counts)'],
  ['a join with no pairs', 'mapToPair', 'counts.join(lines)'],
  [
    'a join by other keys',
    'the same type of key',
    'counts.join(counts.mapToPair(([w, n]) => [n, w]))',
  ],
  ['arrays instead of pairs', 'mapToPair', `lines.map((l) => l.split(' ')).reduceByKey((a) => a)`],
  ['triples instead of pairs', 'mapToPair', 'lines.map((l) => [l, 1, 2]).reduceByKey((a) => a)'],
  [
    'a pair that became an array in a variable',
    'mapToPair',
    'lines.map((l) => { const pair = [l, 1]; return pair }).groupByKey()',
  ],
  ['pairs of an RDD', 'mapToPair', 'lines.transform((rdd) => rdd.sortByKey())'],
  ['an async map', 'mapPartitions', 'lines.map(async (line) => [line, 1]).groupByKey()'],
  [
    'a map without return',
    'return the element',
    'lines.map((line) => { line.trim() }).groupByKey()',
  ],
  ['half a pair', '[key: AnyValue, value: AnyValue]', 'lines.mapToPair((line) => [line])'],
  ['a key only', '[key: AnyValue, value: AnyValue]', 'lines.mapToPair((line) => line)'],
  [
    'mapToPair without return',
    '[key: AnyValue, value: AnyValue]',
    'lines.mapToPair((l) => { l.trim() })',
  ],
  ['flatMap to one element', 'Iterable', 'lines.flatMap((line) => line.length)'],
  [
    'an async filter',
    `'Promise<boolean>' is not assignable to type 'boolean'`,
    'lines.filter(async () => true)',
  ],
  [
    'a reduction to another type',
    `'string' is not assignable to type 'number'`,
    'counts.reduceByKey((a, b) => String(a + b))',
  ],
  [
    'a state of no type',
    'updateStateByKey<number>',
    'counts.updateStateByKey((v, s = 0) => s + v.length)',
  ],
  [
    'a state of no type yet',
    'updateStateByKey<number>',
    'counts.updateStateByKey((v, s) => (s ?? 0) + v.length)',
  ],
  [
    'a state that is not there yet',
    `'s' is possibly 'undefined'`,
    'counts.updateStateByKey<number>((v, s) => s + v.length)',
  ],
  [
    'states of a partition of no type',
    'updateStateByPartition<number>',
    `counts.updateStateByPartition((visits) =>
      Array.from(visits, ([k, , s]) => [k, (s ?? 0) + 1]))`,
  ],
  [
    'a mapped state of no type',
    'state: State<number>',
    'counts.mapWithState(StateSpec.function((k, n, s) => [k, n, (s.getOption() ?? 0) + 1]))',
  ],
  [
    'a StateSpec that does not see the stream',
    'give the settings to StateSpec.function',
    `counts.mapWithState(
      StateSpec.function((k, n, s: State<1>) => [k, n, s.get()]).timeout(seconds(2)))`,
  ],
  ['a window of a bare number', 'Duration', 'lines.window(10_000)'],
  [
    'an interval of a bare number',
    'Duration',
    `stream('p', { batchInterval: 1_000 }, () => undefined)`,
  ],
  [
    'a side that may be missing',
    `'b' is possibly 'undefined'`,
    'counts.leftOuterJoin(counts).mapValues(([a, b]) => a + b)',
  ],
  ['a transform to an array', 'RDD<', 'lines.transform((rdd) => rdd.collect())'],
  ['a union with no stream', 'DStream<unknown>', `lines.union(['a'])`],
]

const compilers = [
  { compiler: 'typescript', version: /^7\./ },
  { compiler: 'typescript-5.5', version: /^5\.5\./ },
]

const SETTINGS = {
  target: 'es2022',
  lib: ['es2023'],
  module: 'nodenext',
  strict: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
}

let directory: string
const writeJson = (path: string, value: unknown): void =>
  writeFileSync(join(directory, path), JSON.stringify(value))
const moduleOf = (group: string, index: number): string => `${group}-${index}.ts`
const writeModules = (group: string, programs: readonly string[]): void =>
  programs.forEach((program, index) =>
    writeFileSync(join(directory, moduleOf(group, index)), `${PREAMBLE}\n${program}\n`),
  )

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-diagnostics-'))
  mkdirSync(join(directory, 'declarations'))
  writeJson('declarations.json', {
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions: {
      rootDir: root,
      outDir: 'declarations',
      emitDeclarationOnly: true,
      sourceMap: false,
      declarationMap: false,
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: [],
    files: [join(root, 'lib/index.ts')],
  })
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [tsc, '-p', 'declarations.json'], { cwd: directory })
  writeJson('package.json', { type: 'module' })
  writeJson('tsconfig.json', {
    compilerOptions: { ...SETTINGS, paths: { millrace: ['./declarations/lib/index.d.ts'] } },
    include: ['*.ts'],
  })
  writeModules(
    'correct',
    correct.map(([, elements, program]) =>
      elements.startsWith('RDD<')
        ? `holds<${elements}, DStream<${elements}>>(${program})`
        : `const made = ${program}\nholds<${elements}, typeof made>(made)`,
    ),
  )
  writeModules(
    'module',
    correctModules.map(([, program]) => program),
  )
  writeModules(
    'mistake',
    mistakes.map(([, , program]) => program),
  )
}, 120_000)
afterAll(() => rmSync(directory, { recursive: true }))

/** What a compiler says, by module: each message with its details. */
const diagnosticsOf = (compiler: string): ReadonlyMap<string, readonly string[]> => {
  const tsc = join(root, 'node_modules', compiler, 'bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], {
    cwd: directory,
    encoding: 'utf8',
  })
  const messages = new Map<string, string[]>()
  for (const message of stdout.split(/\n(?! )/)) {
    const [, path, text] = /^([^(]+)\(\d+,\d+\): error (.*)$/s.exec(message) ?? []
    if (path !== undefined && text !== undefined)
      messages.set(path, [...(messages.get(path) ?? []), text])
    else expect(message).toBe('')
  }
  return messages
}

describe.each(compilers)('$compiler', ({ compiler, version }) => {
  let messages: ReadonlyMap<string, readonly string[]>
  beforeAll(() => {
    messages = diagnosticsOf(compiler)
  }, 120_000)

  test('is the version that it stands for', () => {
    const tsc = join(root, 'node_modules', compiler, 'bin/tsc')
    const said = execFileSync(process.execPath, [tsc, '--version'], { encoding: 'utf8' })
    expect(said.replace('Version ', '')).toMatch(version)
  })

  test.each(correct.map(([title], index) => ({ title, index })))('compiles $title', ({ index }) => {
    expect(messages.get(moduleOf('correct', index)) ?? []).toEqual([])
  })

  test.each(correctModules.map(([title], index) => ({ title, index })))(
    'compiles $title',
    ({ index }) => {
      expect(messages.get(moduleOf('module', index)) ?? []).toEqual([])
    },
  )

  test.each(mistakes.map(([title, words], index) => ({ title, words, index })))(
    'names the fix of $title',
    ({ words, index }) => {
      expect(messages.get(moduleOf('mistake', index))?.join('\n')).toContain(words)
    },
  )
})
