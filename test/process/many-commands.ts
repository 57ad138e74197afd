/**
 * A process that carries out command lines one after another, as `cli/main.ts` carries out one. The
 * sources are loaded once, which takes most of the time of a short command.
 */
import { Console } from 'node:console'
import { existsSync, readFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { commandLine } from '../../cli/command-line.ts'
import { explainNodeWarnings } from '../../cli/node-warnings.ts'
import { digestOf, LoadedFiles } from '../../lib/tools/loaded-files.ts'
import type { Asked, Answered } from './warm-process.ts'

/** Keeps what is written. It is no terminal, and nobody closes it. */
class Kept extends Writable {
  text = ''

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }
}

const loaded = new LoadedFiles()

/** A module is loaded once. So a process that has another text of it cannot go on. */
const isStale = (): boolean =>
  Object.entries(loaded.digests).some(
    ([path, digest]) => existsSync(path) && digestOf(readFileSync(path)) !== digest,
  )

/** Carries out a command, with outputs of its own. What would end the process ends the command. */
const carryOut = ({ cwd, args }: Asked): Promise<Answered> => {
  process.chdir(cwd)
  const [stdout, stderr] = [new Kept(), new Kept()]
  Object.defineProperty(process, 'stdout', { value: stdout, configurable: true })
  Object.defineProperty(process, 'stderr', { value: stderr, configurable: true })
  globalThis.console = new Console(stdout, stderr)
  explainNodeWarnings((line) => stderr.write(`${line}\n`))
  let exitCode: number | undefined
  process.exit = ((code: number) => void (exitCode ??= code)) as typeof process.exit
  // Whoever awaits it is in the stacks of errors, and this file is none of Millrace's own.
  return commandLine(args).then((returned) => {
    for (const name of ['SIGINT', 'SIGTERM']) process.removeAllListeners(name)
    return { exitCode: exitCode ?? returned, stdout: stdout.text, stderr: stderr.text }
  })
}

const answer = (answered: Answered | 'stale'): void => void process.send?.(answered)

process.on('message', (asked: Asked) => {
  if (isStale()) return answer('stale')
  void carryOut(asked).then(answer)
})
process.once('disconnect', () => void process.kill(process.pid, 'SIGKILL'))
