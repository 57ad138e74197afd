import { join } from 'node:path'

/** Whether these are the sources of the project, and not what was built from them. */
const isSource: boolean = import.meta.filename.endsWith('.ts')
const root: string = join(import.meta.dirname, '..')

/** The conditions under which the name `millrace` means the package that these files belong to. */
export const ownConditions: readonly string[] = isSource ? ['millrace-source'] : []

/** A file of this package, by its path without the extension. */
export const ownFile = (path: string): string => join(root, `${path}.${isSource ? 'ts' : 'js'}`)
