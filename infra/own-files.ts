import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Whether these are the sources of the project, and not what was built from them. */
const isSource: boolean = import.meta.filename.endsWith('.ts')
const root: string = join(import.meta.dirname, '..')

/** The conditions under which the name `millrace` means the package that these files belong to. */
export const ownConditions: readonly string[] = isSource ? ['millrace-source'] : []

/** A file of this package, by its path without the extension. */
export const ownFile = (path: string): string => join(root, `${path}.${isSource ? 'ts' : 'js'}`)

interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

/** The names under which modules import this package, and its files: `millrace/formats`. */
export const ownNames = (): Readonly<Record<string, string>> => {
  const packageRoot = isSource ? root : join(root, '..')
  const { exports } = JSON.parse(
    readFileSync(join(packageRoot, 'package.json'), 'utf8'),
  ) as Manifest
  return Object.fromEntries(
    Object.entries(exports).flatMap(([subpath, files]) => {
      if (typeof files === 'string') return []
      const file = files[isSource ? 'millrace-source' : 'default'] as string
      return [[`millrace${subpath.slice(1)}`, join(packageRoot, file)]]
    }),
  )
}
