import { MillraceError } from '../../base/errors.ts'

const PACKAGE = /Cannot find package '([^']+)'/

/**
 * Loads an adapter of AWS. Millrace does not install the packages of the SDK, because local runs do
 * not need them. So this file itself loads none of them.
 *
 * Errors: `PACKAGE_MISSING`, which names the package to install.
 *
 * @example
 * ```ts
 * const { dynamodbItemStore } = await loadAws(() => import('./dynamodb-item-store.js'))
 * ```
 */
export const loadAws = async <T>(load: () => Promise<T>): Promise<T> => {
  try {
    return await load()
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException | null)?.code === 'ERR_MODULE_NOT_FOUND'
    const name = isMissing ? PACKAGE.exec((error as Error).message)?.[1] : undefined
    if (name === undefined) throw error
    throw new MillraceError('PACKAGE_MISSING', {
      problem: `AWS needs the package ${name}, which is not installed`,
      value: name,
      fix: `npm install ${name}`,
      cause: error,
    })
  }
}
