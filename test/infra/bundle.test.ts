import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { hash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bundle } from '../../infra/bundle.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { fixture } from './stacks.ts'

interface FunctionResource {
  readonly Properties: { readonly Handler: string; readonly Code: { readonly S3Key: string } }
}

test(
  'two applications in one program are each bundled with a pipeline of their own',
  { timeout: 180_000 },
  () => {
    const outdir = mkdtempSync(join(tmpdir(), 'millrace-bundle-'))
    onTestFinished(() => rmSync(outdir, { recursive: true, force: true }))
    const program = new App({ outdir })
    const names = ['clicks', 'files']
    const stacks = names.map((name) => {
      const stack = new Stack(program, `Stack-${name}`)
      new StreamingApp(stack, 'App', { entry: fixture(name) })
      return stack
    })
    const bundled = stacks.map((stack) => {
      const [driver] = Object.values(
        Template.fromStack(stack).findResources('AWS::Lambda::Function'),
      ) as FunctionResource[]
      const folder = join(outdir, `asset.${driver?.Properties.Code.S3Key.replace('.zip', '')}`)
      const texts = readdirSync(folder)
        .filter((name) => name.endsWith('.mjs'))
        .map((name) => readFileSync(join(folder, name), 'utf8'))
      return names.filter((name) =>
        texts.some((text) => text.includes(`("${name}",{batchInterval`)),
      )
    })
    expect(bundled).toEqual([['clicks'], ['files']])
  },
)

test(
  'a bundle is the same wherever it is written, and whoever bundles it',
  { timeout: 180_000 },
  () => {
    const deep = mkdtempSync(join(tmpdir(), 'millrace-bundle-'))
    const near = mkdtempSync(join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'b-'))
    onTestFinished(() => [deep, near].forEach((one) => rmSync(one, { recursive: true })))
    const before = process.cwd()
    onTestFinished(() => process.chdir(before))
    bundle(fixture('clicks'), deep)
    process.chdir(tmpdir())
    bundle(fixture('clicks'), near)
    expect(filesIn(near)).toEqual(filesIn(deep))
  },
)

/** The names of files, and hashes of what is in them. */
const filesIn = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder).map((name) => [name, hash('sha256', readFileSync(join(folder, name)))]),
  )

test('a part of the library shares its one copy with the rest', { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bundle-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  bundle(fixture('json-clicks'), folder, { minify: false })
  const code = readdirSync(folder)
    .filter((name) => name.endsWith('.mjs'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('')
  expect(code.match(/MillraceError = class/g)).toHaveLength(1)
  expect(code).toContain('A record is not ')
})
