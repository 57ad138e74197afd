import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes changes of names in a directory (files created, renamed, removed) survive a power failure.
 */
export const syncDirectory = (directory: string): void => {
  // Windows cannot open a directory, and makes names durable by itself.
  if (process.platform === 'win32') return
  const file = openSync(directory, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Creates a directory and its parents so that they survive a power failure. An existing directory
 * is left unchanged. `mode`: who may use the new directories. Default: as the process creates them.
 */
export const makeDurableDirectory = (directory: string, mode?: number): void => {
  // One by one: the recursive call of Node does not return on file systems in which nothing can be
  // made, such as /proc.
  for (const path of missingIn(resolve(directory))) {
    makeDirectory(path, mode)
    // A new directory is a name in its parent.
    syncDirectory(dirname(path))
  }
}

/** The directories that are not there, the outermost first. */
const missingIn = (directory: string): readonly string[] => {
  const missing: string[] = []
  let path = directory
  while (!existsSync(path) && path !== dirname(path)) {
    missing.unshift(path)
    path = dirname(path)
  }
  // Also if it is a file: making it says so.
  return missing.length === 0 && !statSync(directory).isDirectory() ? [directory] : missing
}

const makeDirectory = (path: string, mode: number | undefined): void => {
  try {
    mkdirSync(path, mode)
  } catch (error) {
    // Another process was faster.
    const isThere = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
    if (!isThere) throw error
  }
}

/** Writes a new file so that its content survives a power failure. Its name does not yet. */
export const writeDurably = async (file: string, bytes: Uint8Array): Promise<void> => {
  const handle = await open(file, 'wx')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
