/** A headless Chromium of Debian, and runs whose page it opens. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { findProgram, programEnvironment, withMissing } from '../servers/debian.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const CLI = join(root, 'cli', 'main.ts')

/** Starts the browser. In a container there is no sandbox for it. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: findProgram(['usr/lib/chromium/chromium'], () => withMissing('chromium')),
    env: programEnvironment(),
    args: ['--no-sandbox'],
  })

/** Below the project, so that a copy of a pipeline there finds `millrace`. */
const places = join(root, '.emulator')

const pipelineFor = (name: string): string =>
  name === 'word-count'
    ? join(root, 'examples', 'word-count.ts')
    : join(import.meta.dirname, 'pipelines', `${name}.ts`)

/** A run with a page, over a directory of files. */
export class ShownRun {
  readonly directory: string
  readonly #source: string
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #said = ''
  #files = 0

  /** With `left`, the directory of a run that has ended, it is `millrace ui` over what is there. */
  constructor(pipeline: string, source: string, left?: string) {
    mkdirSync(places, { recursive: true })
    this.directory = left ?? mkdtempSync(join(places, 'page-'))
    this.#source = source
    mkdirSync(join(this.directory, source), { recursive: true })
    copyFileSync(pipelineFor(pipeline), join(this.directory, `${pipeline}.ts`))
    const command = left === undefined ? 'run' : 'ui'
    this.#child = spawn(
      process.execPath,
      ['--conditions=millrace-source', CLI, command, `${pipeline}.ts`, '--state', 'state'],
      { cwd: this.directory, stdio: ['ignore', 'pipe', 'inherit'] },
    )
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text
    })
    this.#ended = once(this.#child, 'close')
  }

  /** The address of the page, which is the first thing that the run prints. */
  async url(): Promise<string> {
    for (;;) {
      const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(this.#said)?.[0]
      if (found !== undefined) return found
      await once(this.#child.stdout as NodeJS.ReadableStream, 'data')
    }
  }

  /** Gives the run a file. */
  add(lines: readonly string[], name = `part-${String(this.#files).padStart(4, '0')}.txt`): void {
    this.#files += 1
    const hidden = join(this.directory, this.#source, `.${this.#files}`)
    writeFileSync(hidden, lines.map((line) => `${line}\n`).join(''))
    renameSync(hidden, join(this.directory, this.#source, name))
  }

  /** Resolves when the run has ended by itself. */
  async end(): Promise<void> {
    await this.#ended
  }

  /** Stops the run. The store stays until {@link ShownRun.remove}. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGINT')
    await this.#ended
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
