import { join } from 'node:path'

/** The sources inside the project, which Node and the bundler read as they are; what was built from them elsewhere. */
const isSource: boolean = import.meta.filename.endsWith('.ts')
const root: string = join(import.meta.dirname, '..')

/** The condition under which `millrace` means what these files belong to. */
export const ownConditions: readonly string[] = isSource ? ['millrace-source'] : []

/** A file of this package, by its path without the ending. */
export const ownFile = (path: string): string => join(root, `${path}.${isSource ? 'ts' : 'js'}`)
