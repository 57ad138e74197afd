import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'

/** How a command ended. */
export interface Ended {
  /** Null: a signal ended it. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command line that a process should carry out. */
export interface Asked {
  readonly cwd: string
  readonly args: readonly string[]
}

/** How it ended: `stale` says that nothing was done, and that a new process is needed. */
export type Answered = Ended | 'stale'

const MODULE = join(import.meta.dirname, 'many-commands.ts')

/** Carries out one command after another, in a process that begins with the first one. */
export class WarmProcess {
  #child: ChildProcess | undefined
  #last: Promise<unknown> = Promise.resolve()

  /** Rejects when the process ends by itself, which no command may bring about. */
  carryOut(asked: Asked): Promise<Ended> {
    const ended = this.#last.then(async () => {
      const answered = await this.#ask(asked)
      if (answered !== 'stale') return answered
      this.#child?.kill('SIGKILL')
      this.#child = undefined
      return (await this.#ask(asked)) as Ended
    })
    this.#last = ended.catch(() => undefined)
    return ended
  }

  #ask(asked: Asked): Promise<Answered> {
    const child = (this.#child ??= start())
    return new Promise((resolve, reject) => {
      const onExit = (): void => {
        this.#child = undefined
        reject(new Error(`The process of ${JSON.stringify(asked.args)} has ended`))
      }
      child.once('exit', onExit)
      child.once('message', (answered: Answered) => {
        child.off('exit', onExit)
        resolve(answered)
      })
      child.send(asked)
    })
  }
}

/** Its standard input is `/dev/null`. It ends with the process that has started it. */
const start = (): ChildProcess =>
  fork(MODULE, {
    execArgv: ['--conditions=millrace-source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
