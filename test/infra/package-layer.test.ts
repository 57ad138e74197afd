import { Template } from 'aws-cdk-lib/assertions'
import { Architecture, LayerVersion } from 'aws-cdk-lib/aws-lambda'
import { buildSync } from 'esbuild'
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bundleOptions } from '../../infra/bundle.ts'
import { copyLayer } from '../../infra/package-layer.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { temporaryDirectory } from '../contract/temporary-directory.ts'
import { fixture, newStack, synthesise } from './stacks.ts'

const LAYER = 'AWS::Lambda::LayerVersion'
const PACKAGES = ['@duckdb/node-api']

/** The layers of each function of the application, by the name of its handler. */
const layersIn = (template: Template): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.values(template.findResources('AWS::Lambda::Function')).map((resource) => {
      const { Handler, Layers = [] } = (
        resource as { Properties: { Handler: string; Layers?: readonly unknown[] } }
      ).Properties
      return [Handler.replace('.handler', ''), Layers.length]
    }),
  )

describe('a pipeline with SQL', () => {
  test('has DuckDB in a layer of the driver alone', () => {
    const { template } = synthesise('sql', () => ({ executors: 1 }))
    template.resourceCountIs(LAYER, 1)
    template.hasResourceProperties(LAYER, { CompatibleArchitectures: ['arm64'] })
    expect(layersIn(template)).toEqual({ intake: 0, driver: 1, executor: 0 })
  })

  test('has the processor of the functions', () => {
    const { template } = synthesise('sql', () => ({ architecture: Architecture.X86_64 }))
    template.hasResourceProperties(LAYER, { CompatibleArchitectures: ['x86_64'] })
  })

  test.each([
    ['bundling.nodeModules', { bundling: { nodeModules: PACKAGES } }],
    ['bundling.externalModules', { bundling: { externalModules: PACKAGES } }],
  ])('has none with %s', (_, props) => {
    const { template } = synthesise('sql', () => props)
    template.resourceCountIs(LAYER, 0)
    expect(layersIn(template)).toMatchObject({ driver: 0 })
  })

  test('takes a layer of yours, beside those of all functions', () => {
    const stack = newStack()
    const layerOf = (name: string) =>
      LayerVersion.fromLayerVersionArn(
        stack,
        name,
        `arn:aws:lambda:eu-west-1:123456789012:layer:${name}:1`,
      )
    new StreamingApp(stack, 'App', {
      entry: fixture('sql'),
      generation: 7,
      layers: [layerOf('all')],
      packageLayer: layerOf('duckdb'),
    })
    const template = Template.fromStack(stack)
    template.resourceCountIs(LAYER, 0)
    expect(layersIn(template)).toMatchObject({ intake: 1, driver: 2 })
  })
})

test('a pipeline without SQL has no layer', () => {
  const { template } = synthesise('both', () => ({ executors: 1 }))
  template.resourceCountIs(LAYER, 0)
  expect(Object.values(layersIn(template)).filter((count) => count > 0)).toEqual([])
})

const IS_X64 = process.arch === 'x64'
const { X86_64, ARM_64 } = Architecture

test('native code that is not installed is named, with how to install it', () => {
  const architecture = IS_X64 ? ARM_64 : X86_64
  const parts = { packages: PACKAGES, entry: fixture('sql'), architecture }
  expect(() => copyLayer(parts, temporaryDirectory())).toThrow(
    /PACKAGE_MISSING[^]*npm install --no-save --force @duckdb\/node-bindings-linux-\w+@\d/,
  )
})

const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)

test.runIf(process.platform === 'linux')(
  'code from a bundle runs with the layer, and it fits into what Lambda allows',
  { timeout: 60_000 },
  () => {
    const layer = temporaryDirectory()
    const architecture = IS_X64 ? X86_64 : ARM_64
    copyLayer({ packages: PACKAGES, entry: fixture('sql'), architecture }, layer)
    const modules = join(layer, 'nodejs', 'node_modules')
    expect(readdirSync(join(modules, '@duckdb'))).toEqual([
      'node-api',
      'node-bindings',
      `node-bindings-linux-${process.arch}`,
    ])
    const bytes = bytesIn(layer)
    process.stdout.write(`the layer for ${process.arch}: ${Math.round(bytes / 1e6)} MB\n`)
    // All of a function may have 250 MiB.
    expect(bytes).toBeLessThan(100e6)

    const folder = temporaryDirectory()
    const entry = join(folder, 'query.ts')
    const code = [
      `import { parallelize } from 'millrace'`,
      `import 'millrace/sql'`,
      `console.log(await parallelize([1, 2]).toDF({ n: 'number' }).collectColumns())`,
    ]
    writeFileSync(entry, code.join('\n'))
    const { stdin: _, ...options } = bundleOptions(entry, folder)
    buildSync({ ...options, entryPoints: [entry] })
    const run = (path: string) =>
      spawnSync(process.execPath, [join(folder, 'query.mjs')], {
        env: { PATH: process.env['PATH'], NODE_PATH: path },
        encoding: 'utf8',
      })
    expect(run(modules).stdout).toBe('{ n: [ 1, 2 ] }\n')
    expect(run('').stderr).toContain('npm install @duckdb/node-api')
  },
)
