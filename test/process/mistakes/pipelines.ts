/** Mistakes in the pipeline, and records that it does not take. */
import { gzipSync } from 'node:zlib'
import { type Mistake, pipeline } from './mistake.ts'

const run = 'millrace run words.ts --once --bind lines=in'

const ofPipeline = (body: string, settings?: string): Pick<Mistake, 'files' | 'typed'> => ({
  files: { 'words.ts': pipeline(body, settings) },
  typed: run,
})

export const pipelines: readonly Mistake[] = [
  {
    mistake: 'The pipeline has no output.',
    ...ofPipeline('lines.countByValue()'),
    exitCode: 2,
    code: 'PLAN_NO_OUTPUT',
    says: ['print()'],
  },
  {
    mistake: 'The batch interval is a plain number.',
    ...ofPipeline('lines.print()', 'batchInterval: 10'),
    exitCode: 2,
    code: 'ARGUMENT_INVALID',
    says: ['10', 'seconds(10)', 'words.ts:3'],
  },
  {
    mistake: 'The length of a window is a plain number.',
    ...ofPipeline('lines.window(30).print()'),
    exitCode: 2,
    code: 'ARGUMENT_INVALID',
    says: ['30', 'seconds(30)', 'words.ts:5'],
  },
  {
    mistake: 'A window is no multiple of the batch interval.',
    ...ofPipeline('lines.window(seconds(2.5)).print()'),
    exitCode: 2,
    code: 'ARGUMENT_INVALID',
    says: ['2500', 'words.ts:5'],
  },
  {
    mistake: 'The name of the pipeline has a slash.',
    files: { 'words.ts': pipeline('lines.print()').replace(`stream('words'`, `stream('a/words'`) },
    typed: run,
    exitCode: 2,
    code: 'ARGUMENT_INVALID',
    says: ['"a/words"', 'words.ts:3'],
  },
  {
    mistake: 'Two outputs go to one place.',
    ...ofPipeline(`lines.saveAsTextFiles('out/l'); lines.count().saveAsTextFiles('out/l')`),
    exitCode: 2,
    code: 'ARGUMENT_INVALID',
    says: ['out/l', 'words.ts:5'],
  },
  {
    mistake: 'A function is async where it must not be.',
    ...ofPipeline('lines.map(async (line) => line.length).print()'),
    exitCode: 3,
    code: 'PROMISE_UNEXPECTED',
    says: ['map', 'async', 'words.ts:5'],
  },
  {
    mistake: 'The elements are no pairs.',
    ...ofPipeline('lines.reduceByKey((a, b) => a + b).print()'),
    exitCode: 6,
    says: ['[key, value]'],
  },
  {
    mistake: 'One record in three is not JSON.',
    files: {
      'words.ts': pipeline('lines.map((line) => JSON.parse(line)).print()'),
      'in/a.txt': '1\ntwo\n3\n',
    },
    typed: run,
    exitCode: 0,
    says: ['millrace dead-letters'],
  },
  {
    mistake: 'No record is JSON.',
    files: { 'words.ts': pipeline('lines.map((line) => JSON.parse(line)).print()') },
    typed: run,
    exitCode: 6,
    says: ['millrace dead-letters', 'words.ts:5'],
  },
  {
    mistake: 'A database does not answer.',
    ...ofPipeline(
      `lines.foreachRDD(() => { throw new Error('connect ECONNREFUSED 127.0.0.1:5432') })`,
      'batchInterval: seconds(1), retry: { attempts: 1, forMs: 0 }',
    ),
    exitCode: 3,
    code: 'USER_FUNCTION_FAILED',
    says: ['foreachRDD', 'ECONNREFUSED', 'words.ts:5'],
  },
  {
    mistake: 'A compressed file is cut off.',
    files: { 'in/a.txt.gz': gzipSync('mill race\n'.repeat(1_000)).subarray(0, 40) },
    typed: run,
    exitCode: 0,
    says: ['a.txt.gz', 'millrace dead-letters'],
  },
  {
    mistake: 'The state of a key is a function.',
    ...ofPipeline('lines.countByValue().updateStateByKey(() => () => 1).print()'),
    exitCode: 3,
    code: 'VALUE_UNSUPPORTED',
    says: ['updateStateByKey'],
  },
]
