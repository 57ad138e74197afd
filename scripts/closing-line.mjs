// Prints 'N passed, N failed' from vitest's JSON reports. Fails if anything failed: a test, a file
// that did not load, or a check before the tests (then there is no report, and only the exit status
// of the run shows it).
//
//   node scripts/closing-line.mjs REPORT STATUS [REPORT STATUS]...

import { readFileSync } from 'node:fs'

const readReport = (path) => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, testResults: [] }
  }
}

const countsOf = (reportPath, status) => {
  const { numPassedTests, numFailedTests, testResults } = readReport(reportPath)
  // A file that fails without a failing test did not load, or failed in a hook.
  const failedFiles = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  const known = numFailedTests + failedFiles.length
  return { passed: numPassedTests, failed: known === 0 && status !== '0' ? 1 : known }
}

const runs = process.argv.slice(2)
let passed = 0
let failed = 0
for (let run = 0; run < runs.length; run += 2) {
  const counts = countsOf(runs[run], runs[run + 1])
  passed += counts.passed
  failed += counts.failed
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
