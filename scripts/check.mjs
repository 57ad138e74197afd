// Runs what `npm test` checks before the tests, side by side: types, lint rules and format. Prints
// the output of each, one after another, and fails if any of them failed.
//
// The types of the build, `tsc -p tsconfig.build.json`, are not among them: test/package builds.

import { spawn } from 'node:child_process'

const COMMANDS = ['tsc --noEmit', 'tsc -p page --noEmit', 'oxlint', 'oxfmt --check']

/** What a command printed, and how it ended. */
const run = (command) =>
  new Promise((resolve) => {
    // With a shell, so that the programs of packages are found on Windows too.
    const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const note = (text) => void (output += text)
    child.stdout.setEncoding('utf8').on('data', note)
    child.stderr.setEncoding('utf8').on('data', note)
    child.on('error', (error) => resolve({ status: 1, output: error.message }))
    child.on('close', (status) => resolve({ status: status ?? 1, output }))
  })

const ends = COMMANDS.map(run)
for (const [index, end] of ends.entries()) {
  const { status, output } = await end
  console.log(`> ${COMMANDS[index]}${status === 0 ? '' : ` (failed with exit status ${status})`}`)
  if (output.trim() !== '') console.log(output.trim())
  if (status !== 0) process.exitCode = 1
}
