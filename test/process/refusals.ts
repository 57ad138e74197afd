import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { millrace, pipelinePath, temporaryDirectory } from './millrace.ts'

/** The module of the pipeline `word-totals`. */
export const words = pipelinePath('word-totals')

/** Bindings and a store for the pipelines that read `lines` and write `results`. */
export const bound = ['--bind', 'lines=in', '--bind', 'results=out', '--state', 'state']

/** A directory with files, and with a subdirectory `in`. */
export const directoryWith = (
  files: Readonly<Record<string, string | Uint8Array>> = {},
): string => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'in'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), content)
  }
  return directory
}

/** A command line that must be refused, and what its error must say. */
export interface Refusal {
  readonly what: string
  readonly files?: Readonly<Record<string, string>>
  /** Arguments of a command that runs first, to its end. */
  readonly before?: readonly string[]
  readonly args: readonly string[]
  readonly exitCode: number
  readonly code: string
  /** What the message must contain: the value, what is allowed, the fix. */
  readonly says: readonly string[]
}

/** Defines a test for each row: runs the command line, and checks its exit code and error. */
export const testRefusals = (rows: readonly Refusal[]): void => {
  test.each(rows)(
    '$what',
    { timeout: 60_000 },
    async ({ files, before, args, exitCode, code, says }) => {
      const directory = directoryWith(files)
      if (before !== undefined)
        expect(await millrace(directory, ...before)).toMatchObject({ exitCode: 0 })
      const ended = await millrace(directory, ...args)
      expect(ended.stderr).toContain(code)
      expect(ended.exitCode).toBe(exitCode)
      for (const text of says) expect(ended.stderr).toContain(text)
      // No stack of Node's own modules.
      expect(ended.stderr).not.toMatch(/^\s+at .*\(?node:internal/m)
    },
  )
}
