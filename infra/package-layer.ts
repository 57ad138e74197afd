/** A layer with packages that cannot be bundled, for the function that runs batches. */
import { AssetHashType, DockerImage } from 'aws-cdk-lib'
import {
  Architecture,
  Code,
  type ILayerVersion,
  LayerVersion,
  Runtime,
} from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { MillraceError } from '../lib/base/errors.ts'
import { copyPackages } from './copy-packages.ts'

/** What a layer is made of. */
export interface PackageLayerParts {
  readonly packages: readonly string[]
  /** The module that imports them. */
  readonly entry: string
  readonly architecture: Architecture
}

/** Node looks for packages of layers there. */
const FOLDER = 'nodejs'

const cpuOf = (architecture: Architecture): string =>
  architecture.name === Architecture.X86_64.name ? 'x64' : 'arm64'

/**
 * Copies packages, with what they depend on, into the folder of a layer. Of native code, only that
 * of the functions is copied.
 *
 * @throws MillraceError `PACKAGE_MISSING`.
 */
export const copyLayer = (parts: PackageLayerParts, outdir: string): void => {
  const { packages, entry, architecture } = parts
  const target = { os: 'linux', cpu: cpuOf(architecture), libc: 'glibc' }
  const copied = copyPackages(packages, entry, join(outdir, FOLDER), target)
  for (const folder of copied) {
    const { optionalDependencies = {} } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    ) as { readonly optionalDependencies?: Readonly<Record<string, string>> }
    const ending = `-${target.os}-${target.cpu}`
    const native = Object.entries(optionalDependencies).find(([name]) => name.endsWith(ending))
    if (native === undefined) continue
    const [name, version] = native
    if (!existsSync(join(outdir, FOLDER, 'node_modules', name)))
      throw notForFunctions(name, version)
  }
}

const notForFunctions = (name: string, version: string): MillraceError =>
  new MillraceError('PACKAGE_MISSING', {
    problem: 'Native code of a package is not installed for the processor of the functions',
    value: name,
    fix:
      `npm install --no-save --force ${name}@${version}; or let the functions have the processor ` +
      'of this machine: architecture: Architecture.X86_64',
  })

/** Creates a layer with packages. */
export const createPackageLayer = (scope: Construct, parts: PackageLayerParts): ILayerVersion => {
  const { packages, entry, architecture } = parts
  const folder = dirname(resolve(entry))
  return new LayerVersion(scope, 'Packages', {
    description: `${packages.join(', ')} for a pipeline of Millrace`,
    compatibleRuntimes: [Runtime.NODEJS_24_X],
    compatibleArchitectures: [architecture],
    // Only the output counts, so a layer that has not changed is not uploaded again.
    code: Code.fromAsset(folder, {
      assetHashType: AssetHashType.OUTPUT,
      bundling: {
        image: DockerImage.fromRegistry('never-used'),
        // Never run either: see functionCode.
        command: [resolve(entry), ...packages, architecture.name],
        local: {
          tryBundle: (outdir: string): boolean => {
            copyLayer(parts, outdir)
            return true
          },
        },
      },
    }),
  })
}
