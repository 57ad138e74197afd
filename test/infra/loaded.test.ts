import { buildSync, type Metafile } from 'esbuild'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bundleOptions } from '../../infra/bundle.ts'
import { fixture } from './stacks.ts'

const bundled = new Map<string, Metafile>()

/** What is in the bundle of a fixture, which is made once. */
const bundleOf = (name: string, hasExecutors = false): Metafile => {
  const key = `${name} ${hasExecutors}`
  const known = bundled.get(key)
  if (known !== undefined) return known
  const options = bundleOptions(fixture(name), join('never', 'written'), {}, { hasExecutors })
  const { metafile } = buildSync({ ...options, metafile: true, write: false })
  bundled.set(key, metafile)
  return metafile
}

/** The clients that a process has loaded before its first event. Later imports do not count. */
const loadedWith = ({ outputs }: Metafile, start: string): ReadonlySet<string> => {
  const files = new Set<string>()
  const visit = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    for (const { path, kind } of outputs[file]?.imports ?? [])
      if (kind === 'import-statement') visit(path)
  }
  visit(Object.keys(outputs).find((file) => file.endsWith(start)) as string)
  const inputs = [...files].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}))
  return new Set(
    inputs.flatMap((input) => /@aws-sdk\/client-[a-z0-9]+/u.exec(input)?.slice(0, 1) ?? []),
  )
}

test.each([
  { role: 'intake', hasExecutors: false },
  { role: 'driver', hasExecutors: false },
  { role: 'driver', hasExecutors: true },
  { role: 'executor', hasExecutors: true },
])(
  '$role loads the client of DynamoDB with itself, and others when it needs them: $hasExecutors',
  ({ role, hasExecutors }) => {
    const metafile = bundleOf('clicks', hasExecutors)
    const clients = Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.keys(inputs).join(),
    )
    expect([...loadedWith(metafile, `${role}.mjs`)]).toEqual(['@aws-sdk/client-dynamodb'])
    for (const client of ['s3', 'kinesis', 'sqs', ...(hasExecutors ? ['lambda'] : [])])
      expect(clients.join()).toContain(`@aws-sdk/client-${client}/`)
    expect(clients.join().includes('@aws-sdk/client-lambda/')).toBe(hasExecutors)
  },
)

/** The files of a bundle, and the bytes that they come to, by the beginning of their paths. */
const bytesOf = (name: string, part: string): number =>
  Object.values(bundleOf(name).outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([path]) => path.includes(part))
    .reduce((total, [, { bytesInOutput }]) => total + bytesInOutput, 0)

test('a bundle has code for requests only if its pipeline imports it', () => {
  const own = bytesOf('posts', 'sources/http')
  process.stdout.write(`code for requests in a bundle: ${own} bytes\n`)
  expect(own).toBeGreaterThan(1_000)
  expect(own).toBeLessThan(16_000)
  expect(bytesOf('posts', 'adapters/local/http')).toBe(0)
  expect(bytesOf('clicks', 'sources/http')).toBe(0)
})

test('a bundle has code for MQTT only if its pipeline imports it, and no client', () => {
  const own = bytesOf('rooms', 'sources/mqtt')
  process.stdout.write(`code for MQTT in a bundle: ${own} bytes\n`)
  expect(own).toBeGreaterThan(1_000)
  expect(own).toBeLessThan(16_000)
  expect(bytesOf('rooms', 'node_modules/mqtt')).toBe(0)
  expect(bytesOf('rooms', 'adapters/local/mqtt')).toBe(0)
  expect(bytesOf('clicks', 'sources/mqtt')).toBe(0)
})

test('a bundle has the API of OpenTelemetry only if its pipeline imports it, and no SDK', () => {
  const own = bytesOf('traced', 'lib/telemetry')
  const api = bytesOf('traced', '@opentelemetry/api')
  process.stdout.write(`spans in a bundle: ${own} bytes, and ${api} of the API\n`)
  expect(own).toBeGreaterThan(1_000)
  expect(own).toBeLessThan(6_000)
  expect(api).toBeLessThan(32_000)
  expect(bytesOf('traced', '@opentelemetry/sdk')).toBe(0)
  expect(bytesOf('clicks', 'telemetry')).toBe(0)
})

test('a bundle has code for changes of tables only if its pipeline imports it', () => {
  const own = bytesOf('changes', 'sources/dynamodb-')
  process.stdout.write(`code for changes of tables in a bundle: ${own} bytes\n`)
  expect(own).toBeGreaterThan(1_000)
  expect(own).toBeLessThan(16_000)
  expect(bytesOf('changes', 'client-dynamodb-streams')).toBe(0)
  expect(bytesOf('clicks', 'sources/dynamodb-')).toBe(0)
})

test('a bundle has code for topics of Kafka only if its pipeline imports it, and no client', () => {
  const own = bytesOf('topics', 'sources/kafka')
  process.stdout.write(`code for topics of Kafka in a bundle: ${own} bytes\n`)
  expect(own).toBeGreaterThan(1_000)
  expect(own).toBeLessThan(16_000)
  expect(bytesOf('topics', '@platformatic')).toBe(0)
  expect(bytesOf('clicks', 'sources/kafka')).toBe(0)
})
