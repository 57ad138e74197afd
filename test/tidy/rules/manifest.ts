import { importsOf } from '../imports.ts'
import { type Findings, type Source } from '../source.ts'

/** What the rules read of package.json. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** Development tools are pinned to one version each; one may have another name than its package. */
export const looseVersions = ({ devDependencies = {} }: Manifest): Findings =>
  Object.entries(devDependencies)
    .filter(([, version]) => !/^(npm:[\w@/.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(
      ([name, version]) =>
        `package.json asks for ${name} ${version}, which is not one exact version`,
    )

const runtimePackages = ({
  dependencies = {},
  optionalDependencies = {},
  peerDependencies = {},
}: Manifest): readonly string[] =>
  Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })

/**
 * A package that users install with ours was decided on: a record in docs/internals/decisions/
 * names it in backticks.
 */
export const undecidedPackages = (manifest: Manifest, decisions: readonly string[]): Findings =>
  runtimePackages(manifest)
    .filter((name) => !decisions.some((text) => text.includes(`\`${name}\``)))
    .map(
      (name) =>
        `package.json depends on ${name}, and no record in docs/internals/decisions/ says why`,
    )

/** What ships imports only Node, itself, and packages that are installed with it. */
export const missingPackages = (manifest: Manifest, sources: readonly Source[]): Findings =>
  sources
    .filter(({ path }) => /^(lib|cli)\//.test(path))
    .flatMap(importsOf)
    .filter(({ specifier, target }) => target === undefined && !specifier.startsWith('node:'))
    .filter(
      ({ specifier }) =>
        !runtimePackages(manifest).some(
          (name) => specifier === name || specifier.startsWith(`${name}/`),
        ),
    )
    .map(
      ({ place, specifier }) =>
        `${place} '${specifier}' is neither node: nor a dependency of the package`,
    )

/**
 * Clients of AWS are imported where AWS is spoken to and nowhere else: a laptop does without them.
 */
const SPEAKS_TO_AWS = /^(lib\/adapters\/aws|functions|infra|test|bench|scripts)\//

export const strayClients = (sources: readonly Source[]): Findings =>
  sources
    .filter(({ path }) => !SPEAKS_TO_AWS.test(path))
    .flatMap(importsOf)
    .filter(({ specifier }) => /^@(aws-sdk|smithy)\//.test(specifier))
    .map(
      ({ place, specifier }) =>
        `${place} '${specifier}' belongs to lib/adapters/aws/, functions/ or infra/`,
    )
