import { DockerImage } from 'aws-cdk-lib'
import { AssetHashType } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import type { BuildOptions, BuildResult } from 'esbuild'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { MillraceError } from '../lib/base/errors.ts'
import { ownConditions, ownFile } from './own-files.ts'

/** Parts of the AWS SDK that are not written as modules ask for `require`. */
const BANNER = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`

/** How both functions are bundled: what they share lies in files beside them, so that it is uploaded once. */
export const bundleOptions = (entry: string, outdir: string): BuildOptions => ({
  entryPoints: { intake: ownFile('functions/intake'), driver: ownFile('functions/driver') },
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  conditions: [...ownConditions],
  // One copy of the library, whichever the module of the pipeline would find.
  alias: { 'millrace-pipeline': resolve(entry), millrace: ownFile('lib/index') },
  banner: { js: BANNER },
  minify: true,
  // Names of functions stand in errors and dead letters.
  keepNames: true,
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
})

/** What the functions are bundled from, besides the module of the pipeline and what that imports. */
const PACKAGES = [
  '@aws-sdk/client-dynamodb',
  '@aws-sdk/client-kinesis',
  '@aws-sdk/client-s3',
  '@aws-sdk/client-sqs',
  '@smithy/node-http-handler',
  'esbuild',
]

/** All that are missing at once: each of them alone would cost a try. */
const checkPackages = (): void => {
  const { resolve: find } = createRequire(import.meta.url)
  const isMissing = (name: string): boolean => {
    try {
      return find(name) === ''
    } catch {
      return true
    }
  }
  const missing = PACKAGES.filter(isMissing)
  if (missing.length === 0) return
  throw new MillraceError('PACKAGE_MISSING', {
    problem: 'The functions are bundled with packages that are not installed',
    value: missing.join(', '),
    fix: `npm install --save-dev ${missing.join(' ')}`,
  })
}

type Esbuild = { buildSync(options: BuildOptions): BuildResult }

const loadEsbuild = (): Esbuild => createRequire(import.meta.url)('esbuild') as Esbuild

/** Bundles both functions with the user's pipeline into a folder. */
export const bundle = (entry: string, outdir: string): void => {
  checkPackages()
  try {
    loadEsbuild().buildSync(bundleOptions(entry, outdir))
  } catch (error) {
    throw new MillraceError('MODULE_UNREADABLE', {
      problem: 'The functions could not be bundled with the module of the pipeline',
      value: entry,
      fix: 'mend what esbuild says above; packages that the module imports have to be installed',
      cause: error,
    })
  }
}

/** The code of both functions: one asset. Left out where the stack is not among those to be bundled, as with `cdk destroy`. */
export const functionCode = (entry: string): Code =>
  Code.fromAsset(resolve(ownFile('functions/intake'), '..'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('never-used'),
      local: {
        tryBundle: (outdir: string): boolean => {
          bundle(entry, outdir)
          return true
        },
      },
    },
  })
