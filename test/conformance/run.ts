/** `npm run conformance -- DIR... [--cold]`: every vector of the directories, through the public API on the harness. */
import { parseArgs } from 'node:util'
import { report } from './runner/report.ts'
import { runSuites } from './runner/suites.ts'
import { readVectors } from './runner/vector.ts'

const { values, positionals } = parseArgs({ options: { cold: { type: 'boolean', default: false } }, allowPositionals: true })
const directories = positionals.length === 0 ? [`${import.meta.dirname}/vectors`] : positionals
const suites = await runSuites(directories.flatMap(readVectors), { cold: values.cold })
process.stdout.write(report(suites))
process.exitCode = suites.some(({ cases }) => cases.some(({ outcome }) => outcome.kind === 'failed')) ? 1 : 0
