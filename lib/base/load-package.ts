import { MillraceError } from './errors.ts'

const PACKAGE = /Cannot find package '([^']+)'/

/**
 * Loads a module that needs packages which Millrace does not install by itself. `who` needs them,
 * at the beginning of a sentence.
 *
 * Errors: `PACKAGE_MISSING`, which names the package to install.
 */
export const loadPackage = async <T>(who: string, load: () => Promise<T>): Promise<T> => {
  try {
    return await load()
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException | null)?.code === 'ERR_MODULE_NOT_FOUND'
    const name = isMissing ? PACKAGE.exec((error as Error).message)?.[1] : undefined
    if (name === undefined) throw error
    throw new MillraceError('PACKAGE_MISSING', {
      problem: `${who} needs the package ${name}, which is not installed`,
      value: name,
      fix: `npm install ${name}`,
      cause: error,
    })
  }
}
