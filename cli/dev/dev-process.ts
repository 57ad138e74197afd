/** The process of one run of `millrace dev`: takes a request, answers it, and ends. */
import { explainNodeWarnings } from '../node-warnings.ts'
import { type DevLoaded, type DevRequest, devRun } from './dev-run.ts'

explainNodeWarnings((line) => process.stderr.write(`${line}\n`))
process.once('message', (request) => {
  const tell = (loaded: DevLoaded): void => void process.send?.(loaded)
  void devRun(request as DevRequest, tell).then((answer) => {
    // Connections that a module leaves open would keep the process alive.
    process.send?.(answer, () => process.exit(0))
  })
})
// The process that has started this one has gone.
process.once('disconnect', () => process.exit(0))
