/** `millrace plan`: what runs where, and why. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { millrace, temporaryDirectory } from './millrace.ts'

const TIMEOUT = { timeout: 60_000 }
const LIBRARY = join(import.meta.dirname, '..', '..', 'lib', 'index.ts')

const planOf = async (body: string, ...options: readonly string[]): Promise<string> => {
  const directory = temporaryDirectory()
  const module = `
    import { seconds, stream } from ${JSON.stringify(LIBRARY)}
    export default stream('app', { batchInterval: seconds(1) }, (ssc) => {
      const lines = ssc.textFileStream('lines')
      const pairs = lines.map((line: string): [string, number] => [line, 1])
      ${body}
    })`
  writeFileSync(join(directory, 'app.ts'), module)
  const { exitCode, stdout, stderr } = await millrace(directory, 'plan', 'app.ts', ...options)
  expect([exitCode, stderr]).toEqual([0, ''])
  return stdout
}

const TASKS = 'in tasks: it begins with records that any process can read'

test.each<[what: string, body: string, stages: readonly string[]]>([
  [
    'a reduction, and its output',
    'pairs.reduceByKey((a, b) => a + b).print()',
    [
      `reduceByKey-1|textFileStream-1 through map-1|${TASKS}`,
      'print-1|reduceByKey-1|in the driver: reduceByKey-1 is computed there',
    ],
  ],
  [
    'an output of a source',
    "lines.filter((line) => line !== '').saveAsTextFiles('out')",
    [`saveAsTextFiles-1|textFileStream-1 through filter-1|${TASKS}`],
  ],
  [
    'a function of an RDD, and what follows',
    'pairs.transform((rdd) => rdd).reduceByKey((a, b) => a + b).print()',
    [
      'transform-1|textFileStream-1 through map-1|in the driver: its function gets whole RDDs',
      'reduceByKey-1|transform-1|in the driver: transform-1 gets whole RDDs',
      'print-1|reduceByKey-1|in the driver: transform-1 gets whole RDDs',
    ],
  ],
  [
    'a stream that is kept',
    'pairs.cache().reduceByKey((a, b) => a + b).print()',
    [
      'reduceByKey-1|textFileStream-1 through map-1|in the driver: map-1 is kept for several uses',
      'print-1|reduceByKey-1|in the driver: map-1 is kept for several uses',
    ],
  ],
  [
    'what follows a division',
    'lines.repartition(8).map((line) => line.length).reduce((a, b) => a + b).print()',
    [
      `repartition-1|textFileStream-1|${TASKS}`,
      'reduce-1|repartition-1 through map-2|' +
        'in tasks when slow: each takes a partition of repartition-1 along',
      'print-1|reduce-1|in the driver: repartition-1 is computed there',
    ],
  ],
  [
    'state and a join',
    'pairs.updateStateByKey<number>((all, n = 0) => n + all.length).join(pairs).print()',
    [
      `updateStateByKey-1|textFileStream-1 through map-1|${TASKS}`,
      'join-1|updateStateByKey-1, textFileStream-1 through map-1|' +
        'in the driver: updateStateByKey-1 is computed there',
      'print-1|join-1|in the driver: updateStateByKey-1 is computed there',
    ],
  ],
])('shows %s', TIMEOUT, async (_, body, stages) => {
  const shown = await planOf(body)
  expect(shown).toMatch(/^app: a batch every 1 s, plan [0-9a-f]{16}\n/)
  const found = shown.matchAll(/^(\S+)\n {2}takes {2}(.+)\n {2}runs {3}(.+)$/gm)
  expect([...found].map(([, ...parts]) => parts.join('|'))).toEqual(stages)
})

const COMBINES = 'nothing needs the records themselves'

test.each<[what: string, body: string, intake: string]>([
  [
    'reductions, state and windows by key, through narrow operators',
    `const kept = pairs.filter(([, n]) => n > 0)
     kept.reduceByKey((a, b) => a + b).print()
     pairs.union(kept.mapValues((n) => -n)).countByValue()
     pairs.updateStateByKey<number>((all, n = 0) => n + all.length).print()
     pairs.reduceByKeyAndWindow((a, b) => a + b, seconds(2)).print()`,
    `combines for reduceByKey-1, reduceByKeyAndWindow-1, updateStateByKey-1: ${COMBINES}`,
  ],
  [
    'two ways to one reduction',
    'pairs.union(pairs.mapValues((n) => -n)).reduceByKey((a, b) => a + b).print()',
    'stores records: union-1 gets its records in two ways',
  ],
  ['an output', 'lines.print()', 'stores records: print-1 needs the records themselves'],
  [
    'a window of records',
    'pairs.window(seconds(2)).reduceByKey((a, b) => a + b).print()',
    'stores records: window-1 needs the records themselves',
  ],
  [
    'a stream that is kept',
    'pairs.cache().reduceByKey((a, b) => a + b).print()',
    'stores records: map-1 is kept for several uses',
  ],
  [
    'a function of an RDD',
    'pairs.transform((rdd) => rdd).print()',
    'stores records: transform-1 gets whole RDDs',
  ],
  [
    'a join with what is computed',
    'pairs.updateStateByKey<number>((all, n = 0) => n + all.length).join(pairs).print()',
    'stores records: they meet updateStateByKey-1, which is computed in the driver',
  ],
])('shows what intake does: %s', TIMEOUT, async (_, body, intake) => {
  expect(await planOf(body)).toContain(`\ntextFileStream-1\n  intake ${intake}\n`)
})

test('gives the same as JSON', TIMEOUT, async () => {
  const answer = JSON.parse(await planOf('pairs.groupByKey().print()', '--json')) as object
  expect(answer).toMatchObject({
    app: 'app',
    intervalMs: 1_000,
    sources: [{ source: 'textFileStream-1', combinedFor: ['groupByKey-1'], because: COMBINES }],
    stages: [
      { node: 'groupByKey-1', from: ['textFileStream-1'], steps: ['map-1'], runs: 'in tasks' },
      { node: 'print-1', from: ['groupByKey-1'], steps: [], runs: 'in the driver' },
    ],
  })
})

test.each<[what: string, body: string, states: readonly string[]]>([
  [
    'with one partition',
    'pairs.updateStateByKey<number>((all, n = 0) => n + all.length).print()',
    [
      'updateStateByKey-1, in 1 partition|in the driver: ' +
        'it has one partition; `partitions` divides it',
    ],
  ],
  [
    'with partitions',
    'pairs.updateStateByKey<number>((all, n = 0) => n + all.length, { partitions: 4 }).print()',
    ['updateStateByKey-1, in 4 partitions|in tasks: each partition moves by itself'],
  ],
  [
    'that needs all partitions',
    'pairs.updateStateByPartition<number>((all) => [], { partitions: 4 }).print()',
    [
      'updateStateByPartition-1, in 4 partitions|in the driver: ' +
        'its operator needs all partitions at the same time',
    ],
  ],
  [
    'of a window by key',
    'pairs.reduceByKeyAndWindow((a, b) => a, seconds(9), seconds(3), { partitions: 4 }).print()',
    ['reduceByKeyAndWindow-1, in 4 partitions|in tasks: each partition moves by itself'],
  ],
  [
    'of a window by key with one partition',
    'pairs.countByValueAndWindow(seconds(9)).print()',
    [
      'countByValueAndWindow-1, in 1 partition|in the driver: ' +
        'it has one partition; `partitions` divides it',
    ],
  ],
  [
    'of windows without keys',
    'pairs.window(seconds(9)).countByWindow(seconds(2)).print()',
    [
      'countByWindow-1, in 1 partition|in the driver: it has no keys to divide it by',
      'window-1, in 1 partition|in the driver: it has no keys to divide it by',
    ],
  ],
  ['of none', 'pairs.reduceByKey((a, b) => a + b).print()', []],
])('says where a state moves %s', TIMEOUT, async (_, body, states) => {
  const text = await planOf(body)
  const found = [...text.matchAll(/^(?:state|batches) of (.*)\n {2}moves {2}(.*)$/gm)]
  expect(found.map(([, state, moves]) => `${state}|${moves}`).toSorted()).toEqual(states)
})
