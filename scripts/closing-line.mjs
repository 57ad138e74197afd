// Prints 'N passed, N failed' from vitest's JSON report, and ends with failure if anything failed: a test, a file that did not load, or a
// check that came before the tests (then there is no report, and the exit status of `npm test` is what is left to tell).

import { readFileSync } from 'node:fs'

const [reportPath, testStatus] = process.argv.slice(2)

const readReport = () => {
  try {
    return JSON.parse(readFileSync(reportPath, 'utf8'))
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, testResults: [] }
  }
}

const { numPassedTests, numFailedTests, testResults } = readReport()
// A file that fails without a failing test did not load, or failed in a hook.
const failedFiles = testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
)
const known = numFailedTests + failedFiles.length
const failed = known === 0 && testStatus !== '0' ? 1 : known

console.log(`${numPassedTests} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
