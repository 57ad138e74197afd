import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readDriverEnvironment } from '../../functions/driver-environment.ts'
import { deployedKinds } from '../../infra/kinds.ts'
import { sinkKinds } from '../../infra/sinks/sink-kind.ts'
import { sourceKinds } from '../../infra/sources/source-kind.ts'
import { sinkKind } from '../../lib/runtime/sinks/sink-kind.ts'
import '../../lib/sinks/dynamodb/kind.ts'
import '../../lib/sinks/eventbridge/kind.ts'
import '../../lib/sinks/http/kind.ts'
import '../../lib/sinks/kinesis/kind.ts'
import '../../lib/sinks/postgres/kind.ts'
import '../../lib/sinks/redis/kind.ts'
import '../../lib/sinks/sns/kind.ts'
import '../../lib/sinks/sqs/kind.ts'
import { sourceKind } from '../../lib/runtime/sources/source-kind.ts'
import '../../lib/sources/dynamodb-streams.ts'
import '../../lib/sources/http-source.ts'
import '../../lib/sources/kafka.ts'
import '../../lib/sources/mqtt.ts'
import { locationsOf, synthesise, variablesOf } from './stacks.ts'

const INFRA = join(import.meta.dirname, '..', '..', 'infra')
const NEUTRAL = ['all.ts', 'source-kind.ts', 'sink-kind.ts']

/** All files of the construct, from its folder. */
const files = readdirSync(INFRA, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .toSorted()

/** What a file imports: files of the construct from its folder, and packages by their names. */
const importsOf = (file: string): readonly string[] => {
  const text = readFileSync(join(INFRA, file), 'utf8')
  const found = [...text.matchAll(/(?:from|import) '([^']+)'/g)].map(([, name]) => name ?? '')
  return found.map((name) => (name.startsWith('.') ? join(dirname(file), name) : name))
}

describe.each(['sources', 'sinks'])('the kinds of %s', (folder) => {
  const kinds = files.filter(
    (file) => dirname(file) === folder && !NEUTRAL.includes(basename(file)),
  )

  test('are registered by a line each', () => {
    expect(kinds.length).toBeGreaterThan(1)
    expect(importsOf(join(folder, 'all.ts'))).toEqual(kinds)
  })

  test('are imported by no other file', () => {
    const others = files.filter((file) => file !== join(folder, 'all.ts'))
    const found = others.filter((file) => importsOf(file).some((name) => kinds.includes(name)))
    expect(found).toEqual([])
  })
})

test('only the file of the type of streams imports Kinesis', () => {
  const found = files.filter((file) => importsOf(file).some((name) => name.endsWith('kinesis')))
  expect(found).toEqual(['stream-type.ts'])
})

describe('the construct and the functions', () => {
  test('have kinds of the same names, whose sources give the same elements', () => {
    for (const { name, gives } of sourceKinds()) expect(sourceKind(name)?.gives).toEqual(gives)
    for (const { name } of sinkKinds()) expect(sinkKind(name)?.name).toBe(name)
    expect(deployedKinds().length).toBeGreaterThan(4)
  })

  test.each(['clicks', 'files', 'both', 'orders', 'items', 'messages', 'posts', 'changes'])(
    'agree on the locations of %s',
    (name) => {
      const { template } = synthesise(name)
      const { sources, outputs } = readDriverEnvironment(variablesOf(template, 'driver'))
      expect(Object.fromEntries(sources)).toEqual(locationsOf(template, 'MILLRACE_SOURCES'))
      expect(Object.fromEntries(outputs)).toEqual(locationsOf(template, 'MILLRACE_OUTPUTS'))
    },
  )
})
