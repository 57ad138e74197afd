/** A directory that takes long to make, and of which each test changes its own copy. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { temporaryDirectory } from './millrace.ts'

/** The first test that needs the directory makes it. Gives what makes a copy. */
export const madeOnce = (make: (directory: string) => Promise<void>): (() => Promise<string>) => {
  let making: Promise<string> | undefined
  const makeIt = async (): Promise<string> => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-made-'))
    await make(directory)
    return directory
  }
  afterAll(async () => {
    if (making !== undefined) rmSync(await making, { recursive: true, force: true })
  })
  return async () => {
    making ??= makeIt()
    const directory = temporaryDirectory()
    cpSync(await making, directory, { recursive: true, preserveTimestamps: true })
    return directory
  }
}
