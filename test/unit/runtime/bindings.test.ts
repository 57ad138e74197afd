import { describe, expect, test } from 'vitest'
import { seconds, stream, type StreamingContext } from 'millrace'
import { MillraceError } from '../../../lib/base/errors.ts'
import { bindPlan as bindPlanTo, type BoundPlan } from '../../../lib/runtime/bindings.ts'
import '../../../lib/runtime/sinks/all.ts'
import { checkSeparatePlaces } from '../../../lib/runtime/sinks/separate-places.ts'
import '../../../lib/runtime/sources/all.ts'

/** A machine with directories and sockets. Nothing is opened in these tests. */
const never = (): never => {
  throw new Error('nothing is opened by a binding')
}
const MACHINE = {
  sources: { files: { open: never, check: () => undefined }, socket: never },
  sinks: { files: never, print: { description: 'test', open: never } },
}
const bindPlan = (
  of: Parameters<typeof bindPlanTo>[0],
  options: { readonly bindings: readonly string[]; readonly cwd: string },
): BoundPlan => bindPlanTo(of, { ...MACHINE, ...options })

const plan = (describePipeline: (ssc: StreamingContext) => void) =>
  stream('bound', { batchInterval: seconds(1) }, describePipeline).build()
const fromLines = plan((ssc) => ssc.textFileStream('lines').print())
const saving = (prefix: string) =>
  plan((ssc) => ssc.textFileStream('lines').saveAsTextFiles(prefix))

const directory = (path: string, shown: string) => ({ kind: 'files', path, shown })

describe('the location of a source', () => {
  const socketSource = plan((ssc) => ssc.socketTextStream('localhost', 9999).print())
  const bucketSource = plan((ssc) => ssc.textFileStream('s3://logs/2026/web').print())
  const clicks = plan((ssc) => ssc.kinesisTextStream('clicks').print())

  test.each([
    {
      what: 'its own name, without a binding',
      of: fromLines,
      bindings: [],
      location: directory('/work/lines', 'lines'),
    },
    {
      what: 'a relative path',
      of: fromLines,
      bindings: ['lines=./in'],
      location: directory('/work/in', './in'),
    },
    {
      what: 'a path to a parent directory',
      of: fromLines,
      bindings: ['lines=../in'],
      location: directory('/in', '../in'),
    },
    {
      what: 'an absolute path',
      of: fromLines,
      bindings: ['lines=/data/in'],
      location: directory('/data/in', '/data/in'),
    },
    {
      what: 'a file URI',
      of: fromLines,
      bindings: ['lines=file:///data/in%20box'],
      location: directory('/data/in box', 'file:///data/in%20box'),
    },
    {
      what: 'a socket',
      of: fromLines,
      bindings: ['lines=socket://localhost:9999'],
      location: { kind: 'socket', host: 'localhost', port: 9999 },
    },
    {
      what: 'a socket with an IPv6 address',
      of: fromLines,
      bindings: ['lines=socket://[::1]:80'],
      location: { kind: 'socket', host: '::1', port: 80 },
    },
    {
      what: 'the later of two bindings',
      of: fromLines,
      bindings: ['lines=./a', 'lines=socket://h:1'],
      location: { kind: 'socket', host: 'h', port: 1 },
    },
    {
      what: 'a path with an equals sign',
      of: fromLines,
      bindings: ['lines=./a=b'],
      location: directory('/work/a=b', './a=b'),
    },
    {
      what: 'the socket in its declaration',
      of: socketSource,
      bindings: [],
      location: { kind: 'socket', host: 'localhost', port: 9999 },
    },
    {
      what: 'the binding of the name of a socket',
      of: socketSource,
      bindings: ['localhost:9999=in'],
      location: directory('/work/in', 'in'),
    },
    {
      what: 'a directory for a stream',
      of: clicks,
      bindings: ['clicks=./in'],
      location: directory('/work/in', './in'),
    },
    {
      what: 'a socket for a stream',
      of: clicks,
      bindings: ['clicks=socket://localhost:9999'],
      location: { kind: 'socket', host: 'localhost', port: 9999 },
    },
    {
      what: 'a path below its bound bucket',
      of: bucketSource,
      bindings: ['logs=./logs'],
      location: directory('/work/logs/2026/web', 'logs/2026/web'),
    },
    {
      what: 'the binding of its whole URI',
      of: bucketSource,
      bindings: ['s3://logs/2026/web=./in'],
      location: directory('/work/in', './in'),
    },
  ])('$what', ({ of, bindings, location }) => {
    const { sources } = bindPlan(of, { bindings, cwd: '/work' })
    expect([...sources.values()]).toMatchObject([location])
  })
})

describe('the location of an output', () => {
  test.each([
    {
      path: 's3://results/totals',
      bindings: ['results=./out'],
      directory: '/work/out',
      below: 'totals-1000',
    },
    { path: 's3://results/a/b', bindings: ['results=/out'], directory: '/out', below: 'a/b-1000' },
    { path: 's3://results/', bindings: ['results=out'], directory: '/work/out', below: '1000' },
    {
      path: 's3://results',
      bindings: ['results=out'],
      directory: '/work/out',
      below: 'results-1000',
    },
    {
      path: 'results/totals',
      bindings: ['results=./out'],
      directory: '/work/out',
      below: 'totals-1000',
    },
    { path: 'totals', bindings: ['totals=./out'], directory: '/work/out', below: 'totals-1000' },
    { path: 'totals', bindings: ['totals=file:///out'], directory: '/out', below: 'totals-1000' },
    { path: 'results/totals', bindings: [], directory: '/work/results', below: 'totals-1000' },
    { path: './results/totals', bindings: [], directory: '/work/results', below: 'totals-1000' },
    { path: '../results/totals', bindings: [], directory: '/results', below: 'totals-1000' },
    {
      path: '/results/.hidden/totals',
      bindings: [],
      directory: '/results/.hidden',
      below: 'totals-1000',
    },
    { path: '', bindings: [], directory: '/work', below: '1000' },
  ])('$path with $bindings', ({ path, bindings, directory: root, below }) => {
    const bound = bindPlan(saving(path), { bindings, cwd: '/work' })
    const ofBatch = path === '' || path.endsWith('/') ? `${path}1000` : `${path}-1000`
    expect(bound.locateOutput(ofBatch)).toMatchObject({ directory: root, path: below })
  })
})

describe('what is refused', () => {
  test.each([
    { binding: 'lines', code: 'BINDING_INVALID', says: ['NAME=URI', '"lines"'] },
    { binding: '=./in', code: 'BINDING_INVALID', says: ['NAME=URI'] },
    { binding: 'lines=', code: 'BINDING_INVALID', says: ['needs a location'] },
    {
      binding: 'lines=socket://localhost',
      code: 'BINDING_INVALID',
      says: ['socket://localhost:9999'],
    },
    { binding: 'lines=socket://localhost:0', code: 'BINDING_INVALID', says: ['1 to 65535'] },
    { binding: 'lines=socket://localhost:99999', code: 'BINDING_INVALID', says: ['1 to 65535'] },
    {
      binding: 'lines=socket:localhost:9999',
      code: 'BINDING_INVALID',
      says: ['socket://localhost:9999'],
    },
    { binding: 'lines=socket://user@host:1', code: 'BINDING_INVALID', says: ['not the address'] },
    {
      binding: 'lines=gopher://localhost/',
      code: 'BINDING_INVALID',
      says: ['kind "gopher:"', 'socket://HOST:PORT', './in'],
    },
    { binding: 'lines=s3://bucket/x', code: 'BINDING_INVALID', says: ['kind "s3:"'] },
    { binding: 'lines=file://in', code: 'BINDING_INVALID', says: ['file:///data/in'] },
    { binding: 'lines=file:///in%2', code: 'BINDING_INVALID', says: ['file:///data/in'] },
    {
      binding: 'lnies=./in',
      code: 'BINDING_UNKNOWN',
      says: ['"lnies"', 'lines, results', '--bind lines=./in'],
    },
    {
      binding: 'results=socket://localhost:9999',
      code: 'BINDING_INVALID',
      says: ['cannot be written there', '--bind results=./out'],
    },
  ])('$binding', ({ binding, code, says }) => {
    expectError(
      () => bindPlan(saving('results/totals'), { bindings: [binding], cwd: '/work' }),
      code,
      says,
    )
  })

  test('a bucket without a binding', () => {
    const bucketSource = plan((ssc) => ssc.textFileStream('s3://logs/web').print())
    expectError(() => bindPlan(bucketSource, { bindings: [], cwd: '/work' }), 'BINDING_MISSING', [
      's3://logs/web',
      '--bind logs=./directory',
    ])
    expectError(
      () => bindPlan(saving('s3://results/x'), { bindings: [], cwd: '/work' }),
      'BINDING_MISSING',
      ['--bind results=./directory'],
    )
  })

  test('a stream without a binding', () => {
    const clicks = plan((ssc) => ssc.kinesisTextStream('clicks').print())
    expectError(() => bindPlan(clicks, { bindings: [], cwd: '/work' }), 'BINDING_MISSING', [
      '"clicks"',
      '--bind clicks=./in',
    ])
  })

  test('text for a stream of records', () => {
    const clicks = plan((ssc) =>
      ssc.kinesisStream('clicks', { decode: ({ data }) => data.length }).print(),
    )
    expectError(
      () => bindPlan(clicks, { bindings: ['clicks=./in'], cwd: '/work' }),
      'BINDING_UNFIT',
      ["kinesisTextStream('clicks')"],
    )
    expectError(() => bindPlan(clicks, { bindings: [], cwd: '/work' }), 'BINDING_MISSING', [
      "kinesisTextStream('clicks')",
    ])
  })

  test('any binding, if nothing can be bound', () => {
    const queued = plan((ssc) => ssc.queueStream([[1]]).print())
    expectError(() => bindPlan(queued, { bindings: ['x=./in'], cwd: '/work' }), 'BINDING_UNKNOWN', [
      'nothing in this pipeline can be bound',
    ])
  })

  test('a name to which foreachRDD may write is not refused', () => {
    const free = plan((ssc) =>
      ssc.textFileStream('lines').foreachRDD((rdd) => rdd.saveAsTextFile('s3://later/x')),
    )
    const bound = bindPlan(free, { bindings: ['later=./out'], cwd: '/work' })
    expect(bound.locateOutput('s3://later/x')).toMatchObject({ directory: '/work/out', path: 'x' })
  })
})

const expectError = (act: () => unknown, code: string, says: readonly string[]): void => {
  const error = thrownBy(act)
  expect(error).toMatchObject({ code })
  for (const text of says) expect(error.message).toContain(text)
}

const thrownBy = (act: () => unknown): MillraceError => {
  try {
    act()
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('outputs whose bindings lead to one place', () => {
  const both = plan((ssc) => {
    const lines = ssc.textFileStream('lines')
    lines.saveAsTextFiles('s3://first/x')
    lines.saveAsTextFiles('second/x')
  })

  test.each([
    { bindings: ['first=./out', 'second=./out'], isRefused: true },
    { bindings: ['first=/work/out', 'second=out/.'], isRefused: true },
    { bindings: ['first=./second'], isRefused: true },
    { bindings: ['first=./out', 'second=./other'], isRefused: false },
    { bindings: ['first=./out', 'second=./out/x'], isRefused: false },
  ])('$bindings', ({ bindings, isRefused }) => {
    const { locateOutput } = bindPlan(both, { bindings, cwd: '/work' })
    const check = (): void => checkSeparatePlaces(both, locateOutput)
    if (isRefused) expect(check).toThrow(/Two outputs write to one place/)
    else check()
  })
})
