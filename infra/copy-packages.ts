/** Copies installed packages beside a bundle: those that cannot be bundled. */
import { cpSync, existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { MillraceError } from '../lib/base/errors.ts'

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** The folder of a package, as Node finds it from another folder. */
const findPackage = (name: string, from: string): string | undefined => {
  const folder = join(from, 'node_modules', name)
  if (existsSync(join(folder, 'package.json'))) return realpathSync(folder)
  const above = dirname(from)
  return above === from ? undefined : findPackage(name, above)
}

const missing = (name: string, entry: string): MillraceError =>
  new MillraceError('PACKAGE_MISSING', {
    problem: 'A package of bundling.nodeModules is not installed where the module can find it',
    value: name,
    allowed: `a package that ${entry} can import`,
    fix: `npm install ${name}`,
  })

/**
 * Copies packages and all that they depend on, as they are installed. A package that is needed in
 * two versions keeps both: the second one lies in the folder of the package that needs it.
 *
 * @throws MillraceError `PACKAGE_MISSING`.
 */
export const copyPackages = (names: readonly string[], entry: string, outdir: string): void => {
  const folders = new Map<string, string>()
  const copy = (name: string, from: string, to: string, isOptional: boolean): void => {
    const folder = findPackage(name, from)
    if (folder === undefined) {
      if (isOptional) return
      throw missing(name, entry)
    }
    const known = folders.get(join(outdir, 'node_modules', name))
    if (known === folder) return
    const target = join(known === undefined ? outdir : to, 'node_modules', name)
    if (folders.get(target) === folder) return
    folders.set(target, folder)
    // Packages in a package's own folder are copied when something needs them.
    const own = join(folder, 'node_modules')
    cpSync(folder, target, { recursive: true, dereference: true, filter: (path) => path !== own })
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    ) as Manifest
    for (const needed of Object.keys(dependencies))
      copy(needed, folder, target, needed in optionalDependencies)
    for (const needed of Object.keys(optionalDependencies)) copy(needed, folder, target, true)
  }
  for (const name of names) copy(name, dirname(resolve(entry)), outdir, false)
}
