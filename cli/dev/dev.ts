/**
 * `millrace dev`: runs a pipeline over a sample of its input on each save.
 *
 *   run in a process of its own -> show -> wait for a save -> run ...
 *
 * A save while a run goes on ends that run. What stays in this process is the last result.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { resolve } from 'node:path'
import { systemClock } from '../../lib/adapters/local/system-clock.ts'
import type { Command } from '../arguments.ts'
import { EXIT } from '../exit-codes.ts'
import type { Outputs } from '../reports/reporter.ts'
import { linesOf } from './dev-report.ts'
import type { DevAnswer, DevLoaded, DevRequest, DevResult } from './dev-run.ts'
import { FileState } from './watched-files.ts'

type DevCommand = Extract<Command, { name: 'dev' }>

const clock = systemClock()

/** The pause between two looks at the files. */
const LOOK_MS = 100
/** A file that is gone for longer was removed, and is not on its way. */
const LOOKS_WITHOUT_FILE = 10

/** Runs the module on each save, until a signal. Returns the exit code. */
export const dev = async (command: DevCommand, outputs: Outputs): Promise<number> => {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  process.on('SIGINT', stop).on('SIGTERM', stop)
  const { module, bindings, records, runForeach } = command
  const request = { module, bindings, records, runForeach, nowMs: clock.now() }
  await new DevLoop(request, outputs, stopping.signal).run()
  return EXIT.ok
}

class DevLoop {
  readonly #request: DevRequest
  readonly #outputs: Outputs
  readonly #signal: AbortSignal
  #before: DevResult | undefined
  /** The module, and what the last run has loaded. */
  #files: readonly string[]
  #missing: string | undefined

  constructor(request: DevRequest, outputs: Outputs, signal: AbortSignal) {
    this.#request = request
    this.#outputs = outputs
    this.#signal = signal
    this.#files = [resolve(request.module)]
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      const files = this.#files
      const before = await FileState.look({ files, missing: this.#missing, hasNames: true })
      const answer = await this.#runUntilSaved(await FileState.look({ files, hasNames: false }))
      if (answer === undefined) continue
      // What a run that has failed did not come to still counts.
      const others = answer.error === undefined ? [] : files
      this.#files = [...new Set([files[0] ?? '', ...Object.keys(answer.digests), ...others])]
      this.#missing = answer.missing
      const hasNames = answer.error !== undefined
      const now = await FileState.look({ files: this.#files, missing: this.#missing, hasNames })
      this.#show(answer)
      await this.#saved(now.asLoaded(answer.digests, before), this.#signal)
    }
  }

  /** Undefined: something was saved meanwhile, or the command ends. */
  async #runUntilSaved(before: FileState): Promise<DevAnswer | undefined> {
    const ended = new AbortController()
    const signal = AbortSignal.any([this.#signal, ended.signal])
    // A run that does not end gives no answer, and may have loaded files that nobody knew.
    const loaded: Record<string, string> = {}
    const running = runInProcess(this.#request, signal, (more) => Object.assign(loaded, more))
    const saved = this.#saved(before, signal, loaded)
    const first = await Promise.race([running, saved])
    ended.abort()
    await Promise.all([running, saved])
    return this.#signal.aborted || typeof first === 'boolean' ? undefined : first
  }

  /** Whether something was saved before the signal. `loaded`: files that count too. It grows. */
  async #saved(
    before: FileState,
    signal: AbortSignal,
    loaded: Readonly<Record<string, string>> = {},
  ): Promise<boolean> {
    let first = before
    let last = before
    let without = 0
    for (;;) {
      await clock.sleep(LOOK_MS, signal)
      if (signal.aborted || this.#signal.aborted) return false
      first = first.with(loaded)
      last = last.with(loaded)
      const now = await last.again()
      without = now.lacks(first) ? without + 1 : 0
      const isWhole = without === 0 || without > LOOKS_WITHOUT_FILE
      if (isWhole && now.isSame(last) && !now.isSame(first)) return true
      last = now
    }
  }

  #show({ result, error = '' }: DevAnswer): void {
    const { out } = this.#outputs
    const time = new Date(clock.now()).toTimeString().slice(0, 8)
    const lines = result === undefined ? [error] : [...linesOf(result, this.#before)]
    this.#before = result ?? this.#before
    const others = this.#files.length - 1
    const what = others === 0 ? this.#request.module : `${this.#request.module} and ${others} more`
    out.print(`\n[${time}]\n${lines.join('\n')}\nWatching ${what}. Ctrl-C ends\n`)
  }
}

/** Runs a module in a process of its own, which ends with the signal. */
const runInProcess = async (
  request: DevRequest,
  signal: AbortSignal,
  onLoaded: (loaded: DevLoaded['loaded']) => void,
): Promise<DevAnswer> => {
  const { href } = new URL(import.meta.url)
  const entry = fileURLToPath(href.replace(/dev(\.[jt]s)$/, 'dev-process$1'))
  const child = fork(entry, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const kill = (): void => void child.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  if (signal.aborted) kill()
  try {
    return await new Promise<DevAnswer>((done) => {
      let answer: DevAnswer | undefined
      child.on('message', (message) => {
        const said = message as DevAnswer | DevLoaded
        if ('loaded' in said) onLoaded(said.loaded)
        else answer = said
      })
      child.on('error', ({ message }) => done({ digests: {}, error: message }))
      child.on('close', (code, by) =>
        done(
          answer ?? { digests: {}, error: `The run has ended early: ${by ?? `exit code ${code}`}` },
        ),
      )
      child.send(request, () => undefined)
    })
  } finally {
    signal.removeEventListener('abort', kill)
  }
}
