import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Ended, WarmProcess } from './warm-process.ts'

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'main.ts')

const warmProcess = new WarmProcess()

/** The path of a module in `pipelines/`. */
export const pipelinePath = (name: string): string =>
  join(import.meta.dirname, 'pipelines', `${name}.ts`)

/** A directory that is deleted after the test. */
export const temporaryDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-process-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export type { Ended } from './warm-process.ts'

/** An event that a run prints with --json. */
export interface JsonEvent {
  readonly event: string
  readonly [name: string]: unknown
}

/** A process of the command line. */
export class Millrace {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  #stdout = ''
  #stderr = ''
  readonly #waiting = new Set<() => void>()

  constructor(cwd: string, args: readonly string[]) {
    this.child = spawn(process.execPath, ['--conditions=millrace-source', CLI, ...args], {
      cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const note = (text: string): void => {
      this.#stdout += text
      for (const check of this.#waiting) check()
    }
    this.child.stdout?.setEncoding('utf8').on('data', note)
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      for (const check of this.#waiting) check()
    })
    this.ended = once(this.child, 'close').then(([exitCode]) => ({
      exitCode: exitCode as number | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }))
    onTestFinished(() => void this.child.kill('SIGKILL'))
  }

  /** The events of a run with --json until now. */
  get events(): readonly JsonEvent[] {
    return eventsIn(this.#stdout)
  }

  /** Resolves when `isEnough` accepts the standard error, or when the process has ended. */
  async untilError(isEnough: (stderr: string) => boolean): Promise<void> {
    await this.until(() => isEnough(this.#stderr))
  }

  /** Resolves with the output when `isEnough` accepts it, or when the process has ended. */
  async until(isEnough: (stdout: string) => boolean): Promise<string> {
    const seen = new Promise<void>((resolve) => {
      const check = (): void => {
        if (!isEnough(this.#stdout)) return
        this.#waiting.delete(check)
        resolve()
      }
      this.#waiting.add(check)
      check()
    })
    await Promise.race([seen, this.ended])
    return this.#stdout
  }

  /** Resolves when the event has come `count` times, or when the process has ended. */
  async untilEvent(event: string, count = 1): Promise<void> {
    await this.until(
      (stdout) => eventsIn(stdout).filter((one) => one.event === event).length >= count,
    )
  }

  async signal(name: NodeJS.Signals): Promise<Ended> {
    this.child.kill(name)
    return this.ended
  }
}

/** The events in complete lines. Ignores other text. */
export const eventsIn = (stdout: string): readonly JsonEvent[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as JsonEvent)

/** Starts the command line in a directory. */
export const startMillrace = (cwd: string, ...args: readonly string[]): Millrace =>
  new Millrace(cwd, args)

/** Runs the command line to its end, in a process of its own. */
export const millraceAlone = (cwd: string, ...args: readonly string[]): Promise<Ended> =>
  startMillrace(cwd, ...args).ended

/**
 * Runs the command line to its end, in a process that carries out one command after another. What
 * a process itself is about (signals, pipes, memory) needs {@link startMillrace} or
 * {@link millraceAlone}.
 */
export const millrace = (cwd: string, ...args: readonly string[]): Promise<Ended> =>
  warmProcess.carryOut({ cwd, args })
