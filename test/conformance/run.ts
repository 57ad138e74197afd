/**
 * `npm run conformance -- DIR... [--cold]` runs every vector in the directories, through the public
 * API on the harness.
 */
import { parseArgs } from 'node:util'
import { report } from './runner/report.ts'
import { runSuites } from './runner/suites.ts'
import { readVectors, UnreadableVectors } from './runner/vector.ts'

const USAGE = 'usage: npm run conformance -- [DIR...] [--cold]'

const run = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    options: { cold: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const directories = positionals.length === 0 ? [`${import.meta.dirname}/vectors`] : positionals
  const suites = await runSuites(directories.flatMap(readVectors), { cold: values.cold })
  process.stdout.write(report(suites))
  return suites.some(({ cases }) => cases.some(({ outcome }) => outcome.kind === 'failed')) ? 1 : 0
}

/**
 * Whether an error is a wrong use of the command. It is reported in one line, and nothing has run.
 */
const isMisuse = (error: unknown): error is Error =>
  error instanceof UnreadableVectors ||
  (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))

try {
  process.exitCode = await run()
} catch (error) {
  if (!isMisuse(error)) throw error
  process.stderr.write(`${error.message}\n${USAGE}\n`)
  process.exitCode = 2
}
