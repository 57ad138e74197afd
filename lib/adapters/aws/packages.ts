import { loadPackage } from '../../base/load-package.ts'

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
export const loadAws = async <T>(load: () => Promise<T>): Promise<T> => loadPackage('AWS', load)
