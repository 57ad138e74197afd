import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** A program of `children/` running as a process of its own. */
export interface Child {
  /** The next line that it prints. */
  nextLine(): Promise<string>
  /** Kills it as the power does, and gives the lines it had still printed. */
  kill(): Promise<readonly string[]>
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Starts a program of `children/`; it ends with the test at the latest. */
export const startChild = (program: string, ...programArguments: readonly string[]): Child => {
  const path = fileURLToPath(new URL(`children/${program}.ts`, import.meta.url))
  const child = spawn(process.execPath, [path, ...programArguments], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()

  return {
    async nextLine(): Promise<string> {
      const line = await lines.next()
      if (line.done === true) throw new Error(`${program} has ended`)
      return line.value
    },
    async kill(): Promise<readonly string[]> {
      child.kill('SIGKILL')
      await ended(child)
      const rest: string[] = []
      for (let line = await lines.next(); line.done !== true; line = await lines.next())
        rest.push(line.value)
      return rest
    },
  }
}
