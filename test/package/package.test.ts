import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { OWN_NAMES } from '../tidy/imports.ts'
import { sourceOf } from '../tidy/source.ts'
import { tarballIn } from './pack.ts'
import { anyIn, declarationsReachedFrom } from './declarations.ts'

// The package as strangers get it: packed, installed into a project of their own, compiled against,
// and run. Nothing here needs a network, because the package needs no other package.

const root = join(import.meta.dirname, '..', '..')
const BUILD_MS_MAX = 120_000

interface Ended {
  readonly exitCode: number | string | null
  readonly output: string
}

/** Runs a command on the Node that runs the tests; npm and npx stay off the network. */
const run = (cwd: string, command: string, ...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const env = {
      ...process.env,
      npm_config_offline: 'true',
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    }
    const child = execFile(command, args, { cwd, env }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : (error.code ?? null), output: stdout + stderr })
    })
    child.stdin?.end()
  })

const pipeline = `import { seconds, stream } from 'millrace'

export default stream('own-project', { batchInterval: seconds(1) }, (ssc) => {
  const words = ssc.textFileStream('lines', { existing: 'all' }).flatMap((line) => line.split(' '))
  const counts = words.mapToPair((word) => [word, 1]).reduceByKey((a, b) => a + b)
  counts.print()
})
`

const compilerOptions = (module: string, moduleResolution: string) => ({
  compilerOptions: {
    module,
    moduleResolution,
    target: 'es2024',
    types: [],
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
  },
  files: ['pipeline.ts'],
})

let folder = ''
let project = ''
let tarball = ''

const write = async (name: string, content: string | object): Promise<void> => {
  await mkdir(dirname(join(project, name)), { recursive: true })
  await writeFile(
    join(project, name),
    typeof content === 'string' ? content : JSON.stringify(content),
  )
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-package-'))
  project = join(folder, 'project')
  tarball = await tarballIn(inject('packed'))
  await write('package.json', { name: 'own-project', private: true, type: 'module' })
  await write('pipeline.ts', pipeline)
  await write('in/river.txt', 'mill race mill\nwheel race mill\n')
  expect(await run(project, 'npm', 'install', '--no-audit', '--no-fund', tarball)).toMatchObject({
    exitCode: 0,
  })
}, BUILD_MS_MAX)

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the packed package', () => {
  test('has the shape that tools expect', async () => {
    const { messages, pkg } = await publint({
      pkgDir: 'package',
      pack: { tarball: await arrayBufferOf(tarball) },
      level: 'warning',
    })
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
  })

  test('holds compiled code without a TypeScript import, and no tests', async () => {
    const installed = join(project, 'node_modules', 'millrace')
    const paths = await readdir(installed, { recursive: true })
    expect(paths.filter((path) => path.includes('.test.'))).toEqual([])
    // The files of new projects are texts in one of the compiled files, and import TypeScript.
    const ofProjects = join('dist', 'cli', 'init', 'files.js')
    const compiled = paths.filter((path) => path.endsWith('.js') && path !== ofProjects)
    expect(compiled).toEqual(
      expect.arrayContaining([join('dist', 'lib', 'index.js'), join('dist', 'cli', 'main.js')]),
    )
    const texts = await Promise.all(compiled.map((path) => readFile(join(installed, path), 'utf8')))
    expect(
      compiled.filter((_, index) =>
        /(from|import)\s*\(?\s*['"]\.[^'"]*\.ts['"]/.test(texts[index] ?? ''),
      ),
    ).toEqual([])
  })

  test.each([
    {
      entry: 'lib/index.d.ts',
      files: [
        'lib/dstream/dstream.d.ts',
        'lib/dstream/operators/window.d.ts',
        'lib/rdd/operations/joins.d.ts',
      ],
    },
    {
      entry: 'lib/testing/index.d.ts',
      files: ['lib/testing/harness/test-stream.d.ts'],
    },
    { entry: 'lib/formats/index.d.ts', files: ['lib/formats/json/json.d.ts'] },
    { entry: 'lib/formats/avro/index.d.ts', files: ['lib/formats/avro/avro.d.ts'] },
    { entry: 'lib/formats/csv/index.d.ts', files: ['lib/formats/csv/columns.d.ts'] },
    { entry: 'lib/formats/parquet/index.d.ts', files: ['lib/formats/parquet/parquet.d.ts'] },
    { entry: 'infra/index.d.ts', files: ['infra/streaming-app.d.ts'] },
  ])('$entry shows users no any', ({ entry, files }) => {
    const declarations = join(project, 'node_modules', 'millrace', 'dist')
    const sources = declarationsReachedFrom(entry, declarations)
    expect(sources.map(({ path }) => path)).toEqual(expect.arrayContaining(files))
    expect(sources.flatMap(anyIn)).toEqual([])
  })

  test('an any would be found', () => {
    expect(
      anyIn(
        sourceOf('a.d.ts', 'export declare const f: (one: string, two: readonly any[]) => void'),
      ),
    ).toEqual(['a.d.ts:1'])
  })
})

describe('in a project of its own', () => {
  test.each([
    { module: 'nodenext', resolution: 'nodenext' },
    { module: 'esnext', resolution: 'bundler' },
  ])(
    'a pipeline type-checks with module resolution $resolution',
    async ({ module, resolution }) => {
      await write('tsconfig.json', compilerOptions(module, resolution))
      expect(await run(project, join(root, 'node_modules', '.bin', 'tsc'), '-p', '.')).toEqual({
        exitCode: 0,
        output: '',
      })
    },
  )

  // Also those that need a package: they load it when it is first needed.
  test.each(
    Object.keys(OWN_NAMES)
      .filter((name) => name !== 'millrace/cdk')
      .map((name) => ({ name, holds: name === 'millrace' ? 'stream' : '' })),
  )('$name loads on plain Node', async ({ name, holds }) => {
    const code = `console.log(Object.keys(await import('${name}')).join(' '))`
    const { exitCode, output } = await run(project, 'node', '--input-type=module', '--eval', code)
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringContaining(holds) as string,
    })
  })

  test('npx millrace runs the pipeline over all there is and ends', async () => {
    const { exitCode, output } = await run(
      project,
      'npx',
      'millrace',
      'run',
      'pipeline.ts',
      '--once',
      '--bind',
      'lines=./in',
    )
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 })
    expect(output).toMatch(/Time: \d+ ms/)
    expect(output.split('\n')).toEqual(
      expect.arrayContaining(['(mill,3)', '(race,2)', '(wheel,1)']),
    )
  })

  test('the installed command --help shows examples', async () => {
    const millrace = join('node_modules', '.bin', 'millrace')
    const { exitCode, output } = await run(project, millrace, '--help')
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringContaining('millrace run') as string,
    })
  })
})

describe('deployed from a project of its own', () => {
  const stack = `import { App, Stack } from 'aws-cdk-lib'
import { StreamingApp } from 'millrace/cdk'

const stack = new Stack(new App({ outdir: 'cdk.out' }), 'Own')
new StreamingApp(stack, 'Words', { entry: 'pipeline.ts' })
;(stack.node.root as App).synth()
`
  /** The packages of the command on the page. */
  const page = readFileSync(join(root, 'docs', 'deploying.md'), 'utf8')
  const [, command = ''] = /^npm install millrace ((?:\\\n|.)*)$/m.exec(page) ?? []
  const named = command.split(/[\s\\]+/).filter((name) => name !== '')

  const install = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) {
      const place = join(project, 'node_modules', name)
      await mkdir(dirname(place), { recursive: true })
      await symlink(join(root, 'node_modules', name), place)
    }
  }
  // `Symbol.dispose`, as types of the CDK have it, is younger than the target.
  const types = {
    compilerOptions: {
      ...compilerOptions('nodenext', 'nodenext').compilerOptions,
      skipLibCheck: true,
    },
    files: ['stack.ts'],
  }

  beforeAll(async () => {
    await write('stack.ts', stack)
    await install('aws-cdk-lib', 'constructs', '@types/node')
  })

  test('the page, the manifest and the message have one list of packages', async () => {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      readonly peerDependencies: Readonly<Record<string, string>>
    }
    // Drivers with executors load one, and what uses a format, a topic or a database the others.
    const onDemand = [
      '@aws-sdk/client-dynamodb-streams',
      '@aws-sdk/client-eventbridge',
      '@aws-sdk/client-lambda',
      '@aws-sdk/client-secrets-manager',
      '@aws-sdk/client-sns',
      '@duckdb/node-api',
      '@opentelemetry/api',
      '@platformatic/kafka',
      '@redis/client',
      'avsc',
      'csv-parse',
      'hyparquet',
      'hyparquet-writer',
      'mqtt',
      'pg',
    ]
    const toDeploy = Object.keys(manifest.peerDependencies).filter(
      (name) => !onDemand.includes(name),
    )
    expect(named.toSorted()).toEqual(toDeploy.toSorted())
    const { output } = await run(project, 'node', 'stack.ts')
    const [, inMessage = ''] = /npm install (.*)/.exec(output) ?? []
    const ofCdk = ['aws-cdk-lib', 'constructs']
    expect([...ofCdk, ...inMessage.trim().split(' ')].toSorted()).toEqual(named.toSorted())
  })

  test('without what bundles the functions, all that is missing is named at once', async () => {
    const { exitCode, output } = await run(project, 'node', 'stack.ts')
    expect(exitCode).not.toBe(0)
    expect(output).toContain('PACKAGE_MISSING')
    expect(output).toMatch(/npm install @aws-sdk\/client-dynamodb .*esbuild/)
  })

  test('the stack type-checks', { timeout: BUILD_MS_MAX }, async () => {
    await write('tsconfig.json', types)
    expect(await run(project, join(root, 'node_modules', '.bin', 'tsc'), '-p', '.')).toEqual({
      exitCode: 0,
      output: '',
    })
  })

  test(
    'with what the page names the stack synthesizes, and each function is a bundle',
    { timeout: BUILD_MS_MAX },
    async () => {
      await install(...named.filter((name) => name !== 'aws-cdk-lib' && name !== 'constructs'))
      expect(await run(project, 'node', 'stack.ts')).toMatchObject({ exitCode: 0 })
      const assets = (await readdir(join(project, 'cdk.out'), { recursive: true })).map((path) =>
        path.split('/').at(-1),
      )
      expect(assets).toEqual(
        expect.arrayContaining(['Own.template.json', 'intake.mjs', 'driver.mjs', 'generation.mjs']),
      )
    },
  )

  test('and the command line looks for its application', async () => {
    const { output } = await run(project, 'npx', 'millrace', 'status', '--app', 'words')
    expect(output).toMatch(/CREDENTIALS_MISSING|STORE_FAILED/)
  })
})

const arrayBufferOf = async (path: string): Promise<ArrayBuffer> => {
  const { buffer, byteOffset, byteLength } = await readFile(path)
  return buffer.slice(byteOffset, byteOffset + byteLength)
}
