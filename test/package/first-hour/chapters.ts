/** What a person types in the first hour, chapter by chapter, all in one directory. */

/** A line that is typed. */
export interface Step {
  /** Files that the person writes before. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** Packages that the person has installed before, besides Millrace. */
  readonly needs?: readonly string[]
  readonly typed: string
  /** Default: 0. */
  readonly exitCode?: number
  /** What a fast machine may print otherwise, as it is held. */
  readonly held?: (printed: string) => string
}

/** Steps that belong together. They are held in one file. */
export interface Chapter {
  readonly title: string
  /** The name of the file, without its ending. */
  readonly name: string
  readonly steps: readonly Step[]
}

const of = (body: string, settings = 'batchInterval: seconds(1)'): string =>
  `import { seconds, stream } from 'millrace'

export default stream('mine', { ${settings} }, (ssc) => {
  const lines = ssc.textFileStream('lines', { existing: 'all' })
  ${body}
})
`

const words = "lines.flatMap((line) => line.split(' '))"

/** A log as web servers write it. */
const log = (...pages: readonly string[]): string =>
  pages.map((page, index) => `10.0.0.${index} GET ${page} 200\n`).join('')

export const chapters: readonly Chapter[] = [
  {
    title: 'a project, its test, and a first run',
    name: '1-project',
    steps: [
      { typed: 'npx millrace init' },
      { typed: 'ls -A' },
      { typed: 'npm test --silent 2>&1 | grep "^# \\|^ℹ pass\\|^ℹ fail"' },
      { typed: 'npm start --silent -- --once' },
      { typed: 'echo "the mill" > lines/second.txt; npm start --silent -- --once' },
      { typed: 'npx millrace status --state .millrace/word-counts' },
      { typed: 'npx tsc', needs: ['typescript', '@types/node', 'undici-types'] },
      { typed: 'npx millrace init', exitCode: 2 },
    ],
  },
  {
    title: 'a window, and keys with a time-out, shown to the end',
    name: '2-to-the-end',
    steps: [
      {
        files: {
          'window.ts': of(`${words}.countByValueAndWindow(seconds(4), seconds(2)).print()`),
          'in/a.txt': 'mill race mill\n',
        },
        typed: 'npx millrace run window.ts --once --bind lines=in --state s/window',
      },
      {
        files: {
          'visits.ts': of(
            `type Visits = State<number>
  const spec = StateSpec.function((user: string, _visit?: number, state?: Visits) => {
    if (state?.isTimingOut()) return \`\${user} has left after \${state.get()} visits\`
    state?.update((state.exists() ? state.get() : 0) + 1)
    return \`\${user} comes\`
  }, { timeout: seconds(30) })
  lines.mapToPair((line) => [line, 1]).mapWithState(spec).print()`,
          ).replace('import { seconds,', 'import { seconds, type State, StateSpec,'),
          'in/a.txt': 'ann\nbob\nann\n',
        },
        typed: 'npx millrace run visits.ts --once --bind lines=in --state s/visits',
      },
    ],
  },
  {
    title: 'what can be read',
    name: '3-reading',
    steps: [
      {
        files: {
          'pages.ts': of("lines.map((line) => line.split(' ')[2]).countByValue().print()").replace(
            "'lines'",
            "'log'",
          ),
        },
        typed: 'npx millrace run pages.ts --once',
        exitCode: 2,
      },
      { typed: 'npx millrace run pages.ts --once --demo --state s/demo | head -3' },
      {
        files: { 'access.log': log('/', '/mill', '/'), 'logs/old.log': log('/old') },
        typed: 'cat access.log | npx millrace run pages.ts --once --bind log=- --state s/pipe',
      },
      { typed: 'npx millrace run pages.ts --once --bind log=access.log --state s/file' },
      { typed: "npx millrace run pages.ts --once --bind 'log=logs/*.log' --state s/pattern" },
      {
        typed: 'touch -d 2001-01-01 logs/old.log; npx millrace check pages.ts --state s/pattern',
      },
    ],
  },
  {
    title: 'a log that grows and rotates, and Ctrl-C',
    name: '8-logs',
    steps: [
      {
        files: { 'app.log': `${log('/', '/mill')}10.0.0.3 GET /hal` },
        typed:
          'npx millrace run pages.ts --once --follow --bind log=app.log --state s/log | grep "^("',
      },
      {
        typed:
          'echo "f 200" >> app.log; mv app.log app.log.1; ' +
          'echo "10.0.0.4 GET /new 200" > app.log; ' +
          'npx millrace run pages.ts --once --follow --bind log=app.log --state s/log | grep "^("',
      },
      {
        typed:
          'timeout --preserve-status -s INT 6 ' +
          'node_modules/.bin/millrace run pages.ts --follow --bind log=app.log --state s/log',
        // The place in the log is noted in the first batch, or just after it.
        held: (printed) =>
          printed
            .replace(/(---\nTime:.*\n-+\n[^]*?append a line to app.log\n)-+\nTime:.*\n-+\n\n/, '$1')
            .replace('2 batches', '1 batch'),
      },
    ],
  },
  {
    title: 'bad records',
    name: '4-bad-records',
    steps: [
      {
        files: {
          'json.ts': of('lines.map((line) => JSON.parse(line).page).print()'),
          'json/a.txt': '{ "page": "/" }\n{ "page": \n{ "page": "/mill" }\n',
        },
        typed: 'npx millrace run json.ts --once --bind lines=json --state s/json',
      },
      { typed: 'npx millrace dead-letters --state s/json' },
      { typed: 'npx millrace help errors USER_FUNCTION_FAILED' },
      {
        typed: 'npx millrace run json.ts --once --bind lines=json --state s/full > /dev/full',
        exitCode: 3,
      },
    ],
  },
  {
    title: 'a function that throws, and one that never returns',
    name: '5-functions',
    steps: [
      {
        files: {
          'throws.ts': of(
            `${words}.countByValue().updateStateByKey<number>((counts) => {
    const [count] = counts
    if (count === undefined) return undefined
    throw new RangeError('too many words')
  }).named('totals').print('totals')`,
          ),
          'in/a.txt': 'mill race mill\n',
        },
        typed: 'npx millrace run throws.ts --once --bind lines=in --state s/throws',
        exitCode: 3,
      },
      {
        files: {
          'spins.ts': of(`const spin = (line: string): string => {
    for (;;) line.trim()
  }
  lines.map((line) => spin(line)).print()`),
        },
        typed:
          'millrace run spins.ts --bind lines=in --state s/spins 2> said & ' +
          'until grep -qs Ctrl-C said; do sleep 0.2; done; kill $!; wait $!; echo $?; cat said',
      },
    ],
  },
  {
    title: 'types that help',
    name: '6-types',
    steps: [
      {
        files: {
          'mean.ts': of(
            `lines
    .map((line) => [line, [line.length, 1]])
    .reduceByKey(([a, b], [c, d]) => [a + c, b + d])
    .mapValues(([sum, count]) => sum / count)
    .print()`,
          ),
        },
        typed: 'npx tsc && echo "no mistakes"',
      },
      {
        files: { 'wrong.ts': of('lines.reduceByKey((a, b) => a + b).print()') },
        typed: 'npx tsc; rm wrong.ts',
      },
    ],
  },
  {
    title: 'an application of one’s own on AWS',
    name: '7-aws',
    steps: [
      {
        files: {
          'stack.ts': `import { App, Stack } from 'aws-cdk-lib'
import { StreamingApp } from 'millrace/cdk'

const app = new App({ outdir: 'cdk.out' })
new StreamingApp(new Stack(app, 'Own'), 'Words', { entry: 'pipeline.ts' })
app.synth()
`,
        },
        needs: ['aws-cdk-lib', 'constructs'],
        typed: 'node stack.ts 2>&1 | grep -o "Packages that.*MISSING.\\|  given:.*\\|  fix:.*"',
      },
      {
        needs: ['esbuild', '@aws-sdk', '@smithy'],
        typed:
          'node stack.ts && ls cdk.out | grep template && cp cdk.out/Own.template.json one.json',
      },
      { typed: 'node stack.ts && cmp cdk.out/Own.template.json one.json && echo "the same"' },
      { typed: 'npx tsc && echo "no mistakes"' },
    ],
  },
]
