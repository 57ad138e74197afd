/**
 * Two outputs whose names are bound to one target, in two spellings. They would share a fence, and
 * lose rows or messages, or overwrite each other: that is refused before the first batch.
 */
import { seconds, stream } from 'millrace'
import { dynamodb } from 'millrace/dynamodb'
import { http } from 'millrace/http'
import { postgres } from 'millrace/postgres'
import { redis } from 'millrace/redis'
import { sqlite } from 'millrace/sqlite'
import { sqs } from 'millrace/sqs'
import { describe, expect, test } from 'vitest'
import { bindPlan } from '../../../../lib/runtime/bindings.ts'
import '../../../../lib/runtime/sinks/all.ts'
import { checkSeparatePlaces } from '../../../../lib/runtime/sinks/separate-places.ts'
import '../../../../lib/runtime/sources/all.ts'
import type { SinkDeclaration } from '../../../../lib/rdd/sink-declaration.ts'

const never = (): never => {
  throw new Error('nothing is opened by a binding')
}

type Row = readonly [string, number]

const SINKS: Readonly<Record<string, (name: string) => SinkDeclaration<Row>>> = {
  postgres: (name) => postgres(name, { table: 'totals', key: 'word' }),
  sqlite: (name) => sqlite(name, { table: 'totals', key: 'word' }),
  redis: (name) => redis(name, { prefix: 'totals:' }),
  dynamodb: (name) => dynamodb(name, { partitionKey: name === 'a' ? 'word' : 'other' }),
  sqs: (name) => sqs(name),
  http: (name) => http(name),
}

/** Whether two outputs of a kind may be bound to two URIs. */
const mayBe = (kind: string, a: string, b: string): boolean => {
  const plan = stream('spellings', { batchInterval: seconds(1) }, (ssc) => {
    const pairs = ssc.textFileStream('in').map((line): Row => [line, 1])
    for (const name of ['a', 'b']) pairs.saveTo((SINKS[kind] as (typeof SINKS)[string])(name))
  }).build()
  const { locateOutput } = bindPlan(plan, {
    bindings: [`a=${a}`, `b=${b}`],
    cwd: '/work',
    sources: { files: { open: never, check: () => undefined } },
    sinks: { files: never, connections: { clock: { now: never, sleep: never }, files: true } },
  })
  try {
    checkSeparatePlaces(plan, locateOutput)
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'ARGUMENT_INVALID' })
    expect(String(error)).toContain('Two outputs write to one place')
    return false
  }
}

const ARN = 'arn:aws:dynamodb:eu-west-1:123456789012:table'
const EAST = 'arn:aws:dynamodb:us-east-1:123456789012:table'
const QUEUE = 'sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/orders'

describe('two outputs are refused whose bindings spell one target', () => {
  test.each<readonly [kind: string, spellings: readonly string[]]>([
    [
      'postgres',
      [
        'postgres://localhost/scores',
        'postgresql://localhost:5432/scores',
        'postgres://me:pass%40word@LOCALHOST/scores',
        'postgres://127.0.0.1/scores?sslmode=disable',
        'postgres://[::1]:5432/scores',
        'POSTGRES://scores@localhost',
        'postgres://elsewhere/scores?host=localhost',
        'postgres://localhost:1/scores?port=5432',
        'postgres://localhost?user=scores',
      ],
    ],
    ['postgres', ['postgres://Db.Example/scores', 'postgres://db.example.:5432/scores']],
    [
      'redis',
      [
        'redis://localhost',
        'redis://localhost:6379',
        'redis://localhost:6379/',
        'redis://localhost:6379/0',
        'rediss://user:secret@LOCALHOST/0',
        'redis://127.0.0.1',
      ],
    ],
    [
      'sqlite',
      ['sqlite:./scores.db', 'sqlite:scores.db', 'sqlite:/work/scores.db', 'SQLITE:scores.db'],
    ],
    ['dynamodb', ['dynamodb:scores', 'DYNAMODB:scores', `dynamodb:${ARN}/scores`]],
    [
      'sqs',
      [
        QUEUE,
        `${QUEUE}/`,
        QUEUE.replace('sqs.eu-west-1', 'SQS.eu-west-1'),
        'sqs:https://eu-west-1.queue.amazonaws.com/123456789012/orders',
        'sqs:https://sqs.eu-west-1.api.aws/123456789012/orders',
        'sqs:https://sqs-fips.eu-west-1.amazonaws.com/123456789012/orders',
      ],
    ],
    ['sqs', ['sqs:http://localhost:9324/queue/a', 'sqs:http://127.0.0.1:9324/queue/a']],
    [
      'http',
      [
        'http://localhost/hook',
        'http://localhost:80/hook',
        'HTTP://me:secret@LocalHost/hook',
        'http://127.0.0.1/./hook#part',
      ],
    ],
  ])('%s: %j', (kind, spellings) => {
    const allowed = spellings.flatMap((a) => spellings.map((b) => [a, b] as const))
    expect(allowed.filter(([a, b]) => mayBe(kind, a, b))).toEqual([])
  })

  test('of the same table, also if one is written by saveToTable', () => {
    const plan = stream('spellings', { batchInterval: seconds(1) }, (ssc) => {
      const pairs = ssc.textFileStream('in').map((line): Row => [line, 1])
      pairs.saveToTable('dynamodb://scores')
      pairs.saveTo(dynamodb('a', { partitionKey: 'word' }))
    }).build()
    const { locateOutput } = bindPlan(plan, {
      bindings: ['a=dynamodb:scores'],
      cwd: '/work',
      sources: { files: { open: never, check: () => undefined } },
      sinks: { dynamodb: never, connections: { clock: { now: never, sleep: never }, files: true } },
    })
    expect(() => checkSeparatePlaces(plan, locateOutput)).toThrow(/Two outputs write to one place/)
  })
})

test.each<readonly [kind: string, a: string, b: string]>([
  ['postgres', 'postgres://localhost/a', 'postgres://localhost/b'],
  ['postgres', 'postgres://localhost/a', 'postgres://localhost:5433/a'],
  ['postgres', 'postgres://one/a', 'postgres://two/a'],
  ['postgres', 'postgres://localhost/a', 'postgres://localhost/a?port=5433'],
  [
    'postgres',
    'postgres://h/a?options=-csearch_path%3Dx',
    'postgres://h/a?options=-csearch_path%3Dy',
  ],
  ['redis', 'redis://localhost/0', 'redis://localhost/1'],
  ['redis', 'redis://localhost', 'redis://localhost:6380'],
  ['sqlite', 'sqlite:a.db', 'sqlite:b.db'],
  ['dynamodb', 'dynamodb:scores', 'dynamodb:other'],
  ['dynamodb', `dynamodb:${ARN}/scores`, `dynamodb:${EAST}/scores`],
  ['dynamodb', 'dynamodb:scores', `dynamodb:${ARN}/other`],
  ['sqs', QUEUE, QUEUE.replace('orders', 'other')],
  ['sqs', QUEUE, QUEUE.replace('eu-west-1', 'us-east-1')],
  ['sqs', 'sqs:https://queue.amazonaws.com/1/a', 'sqs:https://eu-west-1.queue.amazonaws.com/1/a'],
  ['http', 'http://localhost/hook', 'https://localhost/hook'],
  ['http', 'http://localhost/hook', 'http://localhost/hook/inner'],
  ['http', 'http://localhost/hook', 'http://localhost/hook?a=1'],
])('two outputs of %s may be bound to %s and %s', (kind, a, b) => {
  expect(mayBe(kind, a, b)).toBe(true)
})
