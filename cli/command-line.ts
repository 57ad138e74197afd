import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { type Command, parseCommand } from './arguments.ts'
import { endOfError } from './errors.ts'
import { printFailed } from '../lib/adapters/local/stdout-printer.ts'
import { EXIT, exitCodes } from './exit-codes.ts'
import { helpText } from './help.ts'
import { initProject } from './init/init.ts'
import { operate } from './operate.ts'
import { printError, say } from './reports/answer.ts'
import { outputsOf } from './reports/outputs.ts'
import { showPlan } from './plan.ts'
import type { Outputs } from './reports/reporter.ts'
import { receiveSources } from './receive.ts'
import { run } from './run.ts'

/** Runs the command line. Returns the exit code. Never rejects. */
export const commandLine = async (args: readonly string[]): Promise<number> => {
  const outputs = outputsOf(process.stdout, process.stderr)
  try {
    return await carryOut(parseCommand(args), outputs)
  } catch (error) {
    const end = endOfError(error)
    printError(outputs.err, end.error.message)
    return end.exitCode
  }
}

const carryOut = async (command: Command, outputs: Outputs): Promise<number> => {
  if (command.name === 'run') {
    // What cannot be printed is an error of its batch. What is said besides may be lost.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
    return endProcess(await run(command, outputs))
  }
  endWithReader()
  if (command.name === 'receive') return endProcess(await receiveSources(command, outputs))
  if (command.name === 'dev') {
    const { dev } = await import('./dev/dev.ts')
    return endProcess(await dev(command, outputs))
  }
  if (command.name === 'replay') {
    const { replay } = await import('./replay/replay.ts')
    return endProcess(await replay(command, outputs))
  }
  if (command.name === 'ui') {
    const { showPage } = await import('./ui/ui.ts')
    return endProcess(await showPage(command, outputs))
  }
  if ('target' in command) return operate(command, outputs)
  if (command.name === 'plan') return showPlan(command, outputs)
  if (command.name === 'init') {
    say(initProject(command.directory, version()), command.json, outputs)
    return EXIT.ok
  }
  if (command.name === 'completion') {
    outputs.out.print((await import('./completion/completion.ts')).completionScript(command.shell))
    return EXIT.ok
  }
  outputs.out.print(command.name === 'help' ? await helpFor(command) : `${version()}\n`)
  return EXIT.ok
}

/** The page of errors is read only when somebody asks for it. */
const helpFor = async ({ topic, detail }: Extract<Command, { name: 'help' }>): Promise<string> =>
  topic === 'errors' ? (await import('./help-errors.ts')).errorHelp(detail) : helpText(topic)

/**
 * Ends the command in silence when nobody reads its output any more, as in `| head -1`. A run stops
 * by itself: it finishes its batch first.
 */
const endWithReader = (): void => {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(EXIT.ok)
      // The other stream may take it.
      process.stderr.write(`${printFailed(error).message}\n`)
      process.exit(exitCodes.OUTPUT_FAILED)
    })
}

const version = (): string => {
  const manifest = JSON.parse(readFileSync(findPackageJSON(import.meta.url) as string, 'utf8')) as {
    readonly version: string
  }
  return manifest.version
}

/**
 * Ends the process after all output is written. Without this, connections that a pipeline leaves
 * open would keep the process alive.
 */
const endProcess = async (exitCode: number): Promise<number> => {
  for (const stream of [process.stdout, process.stderr])
    await new Promise((resolve) => stream.write('', resolve))
  process.exit(exitCode)
}
