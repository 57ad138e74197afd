/** What is piped into a run is read by the one source without a binding. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pipelinePath, temporaryDirectory } from './millrace.ts'
import { type Said, typeIn } from './shell.ts'
import { root } from '../tidy/source.ts'

const MILLRACE = `node --conditions=millrace-source ${join(root, 'cli', 'main.ts')}`
const RUN = `${MILLRACE} run ${pipelinePath('line-totals')} --bind results=out`
const COUNTED = /Done: \d batch(es)?, 3 records, 0 dead letters\./
const SAYS = 'lines: lines of the standard input, because nothing else is bound to it\n'

const run = (line: string, prepare: (directory: string) => void = () => undefined) => {
  const directory = temporaryDirectory()
  writeFileSync(join(directory, 'three.txt'), 'a\nb\na')
  prepare(directory)
  return typeIn(directory, line)
}

test.each([
  ['a pipe', `cat three.txt | ${RUN} --once`],
  ['a file', `${RUN} --once < three.txt`],
])('%s is read without a binding, and this is said', async (_, line) => {
  const { exitCode, stdout, stderr } = await run(line)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toContain(SAYS)
  expect(stdout).toMatch(COUNTED)
})

test('the next run goes on with its totals', async () => {
  const { all } = await run(`${RUN} --once < three.txt && ${RUN} --once < three.txt && cat out/*/*`)
  expect(all).toMatch(/a[^\n]*4/)
})

test.each<readonly [string, string, (directory: string) => void, RegExp]>([
  [
    'a directory of its name',
    `cat three.txt | ${RUN} --once`,
    (directory) => {
      mkdirSync(join(directory, 'lines'))
    },
    /lines: files in lines\n/,
  ],
  [
    'a binding',
    `echo x | ${RUN} --once --bind lines=three.txt`,
    () => undefined,
    /lines: the file three.txt, once\n/,
  ],
  ['made-up lines', `echo x | ${RUN} --once --demo`, () => undefined, /lines: made-up lines\n/],
])('a source with %s leaves the input alone', async (_, line, prepare, says) => {
  const { exitCode, stdout, stderr } = await run(line, prepare)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toMatch(says)
  expect(stdout).not.toContain('standard input')
})

test('without a pipe or a file, the binding is missing', async () => {
  const { exitCode, stderr } = await run(`${RUN} --once < /dev/null`)
  expect(exitCode).toBe(2)
  expect(stderr).toContain('[BINDING_MISSING]')
  expect(stderr).toContain('--bind lines=-')
})

const pipelineOf = (sources: string): string => `
import { seconds, stream } from 'millrace'
export default stream('piped', { batchInterval: seconds(1) }, (ssc) => {
  ${sources}
})`

const withPipeline = (sources: string, options = ''): Promise<Said> =>
  run(`cat three.txt | ${MILLRACE} run piped.ts --once ${options}`, (directory) =>
    writeFileSync(
      join(directory, 'piped.ts'),
      pipelineOf(sources).replace("'millrace'", `'${join(root, 'lib', 'index.ts')}'`),
    ),
  )

test.each([
  [
    'two sources without a binding',
    `ssc.textFileStream('one').print(); ssc.kinesisTextStream('two').print()`,
    '',
    ['[BINDING_MISSING]', '"one, two"', '--bind one=- --bind two=./in-2'],
  ],
  [
    'a source of records of a stream',
    `ssc.kinesisStream('records').print()`,
    '',
    ['[BINDING_UNFIT]', 'Kinesis records', '"records"'],
  ],
  [
    'a source of whole files',
    `ssc.binaryRecordsStream('samples', 4).print()`,
    '',
    ['[BINDING_UNFIT]', 'whole files'],
  ],
  [
    'an input that another source reads',
    `ssc.textFileStream('one').print(); ssc.kinesisTextStream('two').print()`,
    '--bind two=-',
    ['[BINDING_MISSING]', '--bind one='],
  ],
])('%s: an error says what to do', async (_, sources, options, says) => {
  const { exitCode, stderr } = await withPipeline(sources, options)
  expect(exitCode).toBe(2)
  for (const part of says) expect(stderr).toContain(part)
})

test('a reader that goes ends the run in silence', async () => {
  const made = `i=0; while [ $i -lt 400 ]; do echo "line $i"; i=$((i+1)); sleep 0.01; done`
  const { exitCode, stderr } = await run(
    `(${made}) | ${MILLRACE} run ${pipelinePath('printed')} 2>said | head -1; cat said >&2`,
  )
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
})
