import { AssetHashType, DockerImage } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import type { BuildOptions, BuildResult, Loader } from 'esbuild'
import { existsSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { MillraceError } from '../lib/base/errors.ts'
import { copyPackages } from './copy-packages.ts'
import { deployedKinds } from './kinds.ts'
import { ownConditions, ownFile, ownNames } from './own-files.ts'

/** Parts of the AWS SDK are not modules, and call `require`. */
const BANNER = [
  "import { createRequire } from 'node:module';",
  'const require = createRequire(import.meta.url);',
].join(' ')

/** How a module of a pipeline is bundled. */
export interface BundlingSettings {
  /**
   * Modules that the bundle leaves out because they are there when it runs, in a layer for example.
   *
   * @default - none
   */
  readonly externalModules?: readonly string[]
  /**
   * Packages that cannot be bundled, such as those with native code. They are copied beside the
   * bundle with all that they depend on, as they are installed. Install them for the processor and
   * the system of the functions: `npm install --cpu=arm64 --os=linux --libc=glibc PACKAGE`.
   *
   * @default - none
   */
  readonly nodeModules?: readonly string[]
  /**
   * Names that are replaced by expressions, as with esbuild: `{ 'process.env.STAGE': '"test"' }`.
   *
   * @default - none
   */
  readonly define?: Readonly<Record<string, string>>
  /**
   * How files are read, by their extension, as with esbuild: `{ '.sql': 'text' }`.
   *
   * @default - esbuild's own
   */
  readonly loader?: Readonly<Record<string, Loader>>
  /**
   * Whether the bundle is minified.
   *
   * @default true
   */
  readonly minify?: boolean
}

/** What depends on other properties of the construct. */
export interface BundleParts {
  /** Whether there are executors. Default: there are none. */
  readonly hasExecutors?: boolean
  /** Whether the driver computes in threads. Default: it does not. */
  readonly hasThreads?: boolean
}

/** The functions: the names of their files in the bundle, and of those they are made of. */
const entriesOf = ({
  hasExecutors = false,
  hasThreads = false,
}: BundleParts): Readonly<Record<string, string>> => ({
  intake: 'intake',
  driver: 'driver',
  ...(hasThreads ? { driver: 'driver-with-threads', 'executor-thread': 'executor-thread' } : {}),
  ...(hasExecutors ? { driver: 'driver-with-executors', executor: 'executor' } : {}),
  // It needs no module of a pipeline.
  generation: 'generation',
})

/** How the functions are bundled. Code that several use is in files of its own, uploaded once. */
export const bundleOptions = (
  entry: string,
  outdir: string,
  { externalModules = [], nodeModules = [], define, loader, minify = true }: BundlingSettings = {},
  parts: BundleParts = {},
): BuildOptions => ({
  entryPoints: {
    ...Object.fromEntries(
      Object.entries(entriesOf(parts)).map(([name, file]) => [name, ownFile(`functions/${file}`)]),
    ),
    'watchdog-thread': ownFile('lib/adapters/local/watchdog-thread'),
  },
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  conditions: [...ownConditions],
  // One copy of the library, also for the module of the pipeline.
  alias: { 'millrace-pipeline': resolve(entry), ...ownNames() },
  banner: { js: BANNER },
  minify,
  external: [...externalModules, ...nodeModules],
  ...(define === undefined ? {} : { define: { ...define } }),
  ...(loader === undefined ? {} : { loader: { ...loader } }),
  // Errors and dead letters show the names of functions.
  keepNames: true,
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
})

/** Packages that every bundle is made of or with, besides those of the pipeline. */
const OWN_PACKAGES = [
  '@aws-sdk/client-dynamodb',
  '@aws-sdk/client-s3',
  '@aws-sdk/client-sqs',
  '@smithy/node-http-handler',
  'esbuild',
]

/** The driver calls executors with it. */
const EXECUTOR_PACKAGES = ['@aws-sdk/client-lambda']

/** The functions can read and write every kind, so the packages of all kinds are needed. */
const packages = ({ hasExecutors = false }: BundleParts): readonly string[] => {
  const ofKinds = deployedKinds().flatMap((kind) => kind.packages)
  const ofExecutors = hasExecutors ? EXECUTOR_PACKAGES : []
  return [...new Set([...OWN_PACKAGES, ...ofExecutors, ...ofKinds])].toSorted()
}

/** The command line finds a deployed application with it. */
const COMMAND_LINE_PACKAGES = ['@aws-sdk/client-ssm']

/**
 * Reports all missing packages at once, also those that only the command line needs: one after the
 * other would cost a try each. They are the list of docs/deploying.md.
 */
const checkPackages = (parts: BundleParts): void => {
  const { resolve: find } = createRequire(import.meta.url)
  const isMissing = (name: string): boolean => {
    try {
      return find(name) === ''
    } catch {
      return true
    }
  }
  const missing = packages(parts).filter(isMissing)
  if (missing.length === 0) return
  throw new MillraceError('PACKAGE_MISSING', {
    problem: 'Packages that the functions are bundled with are not installed',
    value: missing.join(', '),
    fix: `npm install ${[...missing, ...COMMAND_LINE_PACKAGES.filter(isMissing)].join(' ')}`,
  })
}

/** The folder of the package that a module belongs to. */
const projectOf = (entry: string, folder: string = dirname(resolve(entry))): string => {
  if (existsSync(join(folder, 'package.json'))) return folder
  const above = dirname(folder)
  return above === folder ? dirname(resolve(entry)) : projectOf(entry, above)
}

type Esbuild = { buildSync(options: BuildOptions): BuildResult }

const loadEsbuild = (): Esbuild => createRequire(import.meta.url)('esbuild') as Esbuild

/**
 * Bundles the functions with the user's pipeline into a folder. The same code gives the same bytes,
 * wherever the project and the folder are: names and source maps are made as if the bundle was
 * written into the project.
 *
 * @throws MillraceError `PACKAGE_MISSING`, `MODULE_UNREADABLE`.
 */
export const bundle = (
  entry: string,
  outdir: string,
  settings: BundlingSettings = {},
  parts: BundleParts = {},
): void => {
  checkPackages(parts)
  const project = projectOf(entry)
  try {
    const { outputFiles = [] } = loadEsbuild().buildSync({
      ...bundleOptions(entry, project, settings, parts),
      absWorkingDir: project,
      write: false,
      allowOverwrite: true,
    })
    for (const { path, contents } of outputFiles)
      writeFileSync(join(outdir, relative(project, path)), contents)
  } catch (error) {
    throw new MillraceError('MODULE_UNREADABLE', {
      problem: 'The functions could not be bundled with the module of the pipeline',
      value: entry,
      fix: 'repair what esbuild reports above; install the packages that the module imports',
      cause: error,
    })
  }
  copyPackages(settings.nodeModules ?? [], entry, outdir)
}

/**
 * The code of all functions, as one asset. Nothing is bundled if the stack is not among those that
 * need it, as with `cdk destroy`.
 */
export const functionCode = (
  entry: string,
  settings: BundlingSettings = {},
  parts: BundleParts = {},
): Code =>
  Code.fromAsset(resolve(ownFile('functions/intake'), '..'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('never-used'),
      // This is never run either. It tells the CDK that each module needs a bundle of its own: for
      // the same source and settings, the CDK bundles only once.
      command: [resolve(entry), JSON.stringify([settings, parts])],
      local: {
        tryBundle: (outdir: string): boolean => {
          bundle(entry, outdir, settings, parts)
          return true
        },
      },
    },
  })
