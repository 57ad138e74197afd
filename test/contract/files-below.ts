import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

/** All files below a directory, by their path below it. */
export const filesBelow = (root: string): ReadonlyMap<string, Uint8Array> => {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const paths = files.map(({ parentPath, name }) => join(parentPath, name))
  return new Map(
    paths.map((path) => [relative(root, path).replaceAll(sep, '/'), readFileSync(path)]),
  )
}

/** Puts a file below a directory. */
export const plantFile = (root: string, path: string, bytes: Uint8Array): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), bytes)
}
