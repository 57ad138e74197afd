/**
 * Makes one program of the examples in the JSDoc of public names. Each example is in its own
 * function, together with the names that it uses. The program is compiled, so that every type is
 * checked, and then run.
 *
 * If an expression ends with a comment that is a value (`parallelize([1]).count() // 1`), the
 * example must give that value.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicFiles } from '../tidy/imports.ts'
import { projectSources, root, type Source } from '../tidy/source.ts'

/** One example. */
export interface Example {
  /** `path:line`. */
  readonly place: string
  readonly code: string
  /** The expected value, as an expression. */
  readonly gives?: string
}

/** The public files, and the code around their examples. */
const SURROUNDINGS: readonly (readonly [path: RegExp, around: (code: string) => string])[] = [
  [
    new RegExp(
      '^lib/(dstream/(dstream|plan-node|streaming-context|state-spec' +
        '|(operators|sources|listening)/.*)' +
        '|formats/(object-lines|record-format|[a-z-]+/.*)' +
        '|sinks/[a-z]+/[a-z]+' +
        '|telemetry/[a-z]+' +
        '|sql/stream-sql' +
        '|state/operator/time-spans' +
        '|rdd/(sink-declaration|operations/save-as-(text|object)-file))\\.ts$',
    ),
    (code) => `describePipeline(async (ssc) => {${STREAMS}\n{\n${code}\n}\n})`,
  ],
  [/^lib\/sql\/(?!stream-sql).*\.ts$/, (code) => `(async () => {${RDDS}\n{\n${code}\n}\n})()`],
  [
    /^lib\/ml\/.*\.ts$/,
    (code) => `describePipeline(async (ssc) => {${STREAMS}${LEARNING}\n{\n${code}\n}\n})`,
  ],
  [
    /^lib\/(rdd\/(rdd|shuffle|operations\/.*)|graph\/.*)\.ts$/,
    (code) => `(async () => {${RDDS}\n{\n${code}\n}\n})()`,
  ],
  [
    /^lib\/(dstream\/stream|rdd\/parallelize|base\/(duration|errors|time))\.ts$/,
    (code) => `(async () => {\n${code}\n})()`,
  ],
]

const STREAMS = `
  const add = (a: number, b: number): number => a + b
  const lines = ssc.textFileStream('lines')
  const words = lines.flatMap((line) => line.split(' '))
  const numbers = words.map((word) => word.length)
  const pairs = words.mapToPair((word) => [word, 1])
  const texts = words.mapToPair((word) => [word, word])
  const counts = pairs.reduceByKey(add)
  const totals = counts
  const clicks = texts, taps = texts, swipes = texts, bots = texts, views = texts, visits = pairs
  const calls = words.mapToPair((word) => [word, { at: word.length }])
  const timed = pairs.withEventTime(([, atMs]) => atMs)
  const windows = timed.window(minutes(5))
  const results = windows.countByKey()
  const stopWords = new Set(['the'])
  const store = { put: async (time: number, rows: unknown) => [time, rows] }
  const count = (word: string, one: number | undefined, state: State<number>) =>
    state.isTimingOut() ? 0 : (state.getOption() ?? 0) + (one ?? 0)
  const lastSeen = count
  const spec = StateSpec.function(count)
  interface Click { readonly user: string }`

const LEARNING = `
  const points = lines.map((line) => line.split(',').map(Number))
  const flats = points.map(([label = 0, ...features]) => ({ label, features }))
  const mails = flats
  const samples = numbers.map((value) => ({ isExperiment: value > 3, value }))
  const kmeans = new StreamingKMeans().setInitialCenters([[0, 0], [9, 9]], [1, 1])
  const regression = new StreamingLinearRegressionWithSGD().setInitialWeights([0, 0])`

const RDDS = `
  const words = parallelize(['to', 'be', 'or', 'not', 'to', 'be'])
  const lines = words
  const numbers = parallelize([1, 2, 3])
  const rdd = numbers
  const pairs = parallelize([['a', 1], ['a', 2], ['b', 3]] as [string, number][])
  const ages = parallelize([['ann', 31], ['bob', 27]] as [string, number][])
  const cities = parallelize([['ann', 'Rome']] as [string, string][])
  const follows = parallelize([
    ['ann', 'bob'], ['bob', 'cat'], ['cat', 'ann'], ['dan', 'bob'],
  ] as [string, string][])
  const saved: string[] = []
  let total = 0
  const database = { insert: async (rows: readonly number[]) => { total += rows.length } }`

/** A value in a comment after an expression. */
const VALUE = /^(?<code>.*\S)\s+\/\/ (?<gives>[[{'"\d-].*|true|false)$/

/** A value in a comment after an expression of several lines. */
const LAST_VALUE = /^(?<code>await .*\S)\s+\/\/ (?<gives>[[{'"\d-][^\n]*|true|false)\n*$/s

const examplesOf = (source: Source): readonly Example[] =>
  source.comments.flatMap(({ value, start }) => {
    if (!value.startsWith('*')) return []
    const text = value.replaceAll(/^\s*\* ?/gm, '')
    const line = source.text.slice(0, start).split('\n').length
    return text
      .split(/^@/m)
      .filter((tag) => tag.startsWith('example'))
      .map((tag) => exampleOf(`${source.path}:${line}`, tag.slice('example'.length).trim()))
  })

const exampleOf = (place: string, text: string): Example => {
  const block = /^```ts\n(?<code>.*?)^```/ms.exec(text)?.groups?.['code']
  const { code, gives } =
    (block === undefined ? VALUE : LAST_VALUE).exec(block ?? text)?.groups ?? {}
  if (code !== undefined && gives !== undefined) return { place, code, gives }
  return { place, code: (block ?? text).replaceAll('export default ', 'void ') }
}

/** The examples of all public files. */
export const jsdocExamples = (): readonly Example[] =>
  projectSources()
    .filter(({ path }) => SURROUNDINGS.some(([pattern]) => pattern.test(path)))
    .flatMap(examplesOf)

const aroundOf = ({ place }: Example): ((code: string) => string) => {
  const path = place.slice(0, place.lastIndexOf(':'))
  return SURROUNDINGS.find(([pattern]) => pattern.test(path))?.[1] as (code: string) => string
}

const statementOf = ({ place, code, gives }: Example): string =>
  gives === undefined ? code : `checkValue(${JSON.stringify(place)}, await (${code}), ${gives})`

/** Names that modules export. */
export interface PublicNames {
  readonly values: readonly string[]
  readonly types: readonly string[]
}

/** The files that examples import from: all but the harness, which has examples of its own. */
const entries: readonly string[] = publicFiles.filter((file) => file !== 'lib/testing/index.ts')

/** What a file such as `lib/index.ts` exports, by name. */
const namesIn = (file: string): PublicNames => {
  const index = readFileSync(join(root, file), 'utf8')
  const names = [...index.matchAll(/export (?<kind>type )?\{(?<names>[^}]*)\}/g)].flatMap(
    ({ groups = {} }) =>
      (groups['names'] ?? '')
        .split(',')
        .map((name) => `${groups['kind'] ?? ''}${name.trim()}`)
        .filter((name) => name.trim() !== '' && name.trim() !== 'type'),
  )
  return {
    values: names.filter((name) => !name.startsWith('type ')),
    types: names
      .filter((name) => name.startsWith('type '))
      .map((name) => name.slice('type '.length)),
  }
}

/** What `millrace` and its parts export, by name. */
export const publicNames = (): PublicNames => {
  const all = entries.map(namesIn)
  return {
    values: all.flatMap(({ values }) => values),
    types: all.flatMap(({ types }) => types),
  }
}

/** Statements that import all public names, by the files that have them or by what is given. */
export const importsOfAll = (nameOf: (file: string) => string): string =>
  entries
    .map((file) => {
      const { values, types } = namesIn(file)
      const names = [...values, ...types.map((name) => `type ${name}`)]
      return `import { ${names.join(', ')} } from ${JSON.stringify(nameOf(file))}`
    })
    .join('\n')

const rowOf = (example: Example): string =>
  `  [${JSON.stringify(example.place)}, () => ${aroundOf(example)(statementOf(example))}],`

/** The program of some examples. It prints the place and the error of each one that fails. */
export const programOf = (examples: readonly Example[]): string => `
import { isDeepStrictEqual } from 'node:util'
${importsOfAll((file) => join(root, file))}
void [${publicNames().values.join(', ')}]

const checkValue = (place: string, given: unknown, expected: unknown): void => {
  if (isDeepStrictEqual(given, expected)) return
  throw new Error(\`it gives \${JSON.stringify(given)}, not \${JSON.stringify(expected)}\`)
}
/** Describes a pipeline and builds it, which checks the calls of an example. */
const describePipeline = async (
  describe: (ssc: StreamingContext) => Promise<void>,
): Promise<void> => {
  let described: Promise<void> | undefined
  stream('example', { batchInterval: seconds(10) }, (ssc) => {
    described = describe(ssc)
    ssc.queueStream<number>([]).print()
  }).build()
  await described
}
const examples: readonly (readonly [place: string, run: () => unknown])[] = [
${examples.map(rowOf).join('\n')}
]
for (const [place, run] of examples) {
  try {
    await run()
  } catch (error) {
    console.error(place, String(error))
    process.exitCode = 1
  }
}
`
