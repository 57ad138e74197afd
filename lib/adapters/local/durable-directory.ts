import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
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
  const first = mkdirSync(directory, { recursive: true, ...(mode === undefined ? {} : { mode }) })
  if (first === undefined) return
  // Each new directory is a name in its parent, so all parents are synced, up to the parent of the
  // first new directory.
  for (let above = dirname(resolve(directory)); ; above = dirname(above)) {
    syncDirectory(above)
    if (above === dirname(resolve(first)) || above === dirname(above)) return
  }
}
