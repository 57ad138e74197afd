/** Copies installed packages beside a bundle: those that cannot be bundled. */
import { cpSync, existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { MillraceError } from '../lib/base/errors.ts'

interface Manifest {
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** Where native code runs. */
export interface Target {
  readonly os: string
  readonly cpu: string
  readonly libc: string
}

const runsOn = (folder: string, { os, cpu, libc }: Target): boolean => {
  const manifest = manifestOf(folder)
  return (
    (manifest.os?.includes(os) ?? true) &&
    (manifest.cpu?.includes(cpu) ?? true) &&
    (manifest.libc?.includes(libc) ?? true)
  )
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

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
 * With a target, optional packages for other systems and processors are left out. Returns the
 * folders that were copied.
 *
 * @throws MillraceError `PACKAGE_MISSING`.
 */
export const copyPackages = (
  names: readonly string[],
  entry: string,
  outdir: string,
  target?: Target,
): readonly string[] => {
  const folders = new Map<string, string>()
  const copy = (name: string, from: string, to: string, isOptional: boolean): void => {
    const folder = findPackage(name, from)
    if (folder === undefined) {
      if (isOptional) return
      throw missing(name, entry)
    }
    if (isOptional && target !== undefined && !runsOn(folder, target)) return
    const known = folders.get(join(outdir, 'node_modules', name))
    if (known === folder) return
    const place = join(known === undefined ? outdir : to, 'node_modules', name)
    if (folders.get(place) === folder) return
    folders.set(place, folder)
    // Packages in a package's own folder are copied when something needs them.
    const own = join(folder, 'node_modules')
    cpSync(folder, place, { recursive: true, dereference: true, filter: (path) => path !== own })
    const { dependencies = {}, optionalDependencies = {} } = manifestOf(folder)
    for (const needed of Object.keys(dependencies))
      copy(needed, folder, place, needed in optionalDependencies)
    for (const needed of Object.keys(optionalDependencies)) copy(needed, folder, place, true)
  }
  for (const name of names) copy(name, dirname(resolve(entry)), outdir, false)
  return [...new Set(folders.values())]
}
