import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Makes the names in a directory (files created, renamed, removed) survive a power cut. */
export const syncDirectory = (directory: string): void => {
  // Windows cannot open a directory, and keeps its names by itself.
  if (process.platform === 'win32') return
  const file = openSync(directory, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Creates a directory and those above it so that they survive a power cut; one that is there is
 * left as it is.
 */
export const makeDurableDirectory = (directory: string): void => {
  const first = mkdirSync(directory, { recursive: true })
  if (first === undefined) return
  // Each new directory is a name in the one above it, up to the one above the first that was made.
  for (let above = dirname(resolve(directory)); ; above = dirname(above)) {
    syncDirectory(above)
    if (above === dirname(resolve(first)) || above === dirname(above)) return
  }
}
