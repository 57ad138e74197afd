import { seconds, stream } from 'millrace'
import { dynamodb } from 'millrace/dynamodb'
import 'millrace/dynamodb-streams'
import { eventbridge } from 'millrace/eventbridge'
import { http } from 'millrace/http'
import 'millrace/http-source'
import { kinesis } from 'millrace/kinesis'
import { sns } from 'millrace/sns'
import { sqlite } from 'millrace/sqlite'
import { sqs } from 'millrace/sqs'
import { describe, expect, test } from 'vitest'
import type { DStream } from '../../../../lib/dstream/dstream.ts'
import { bindPlan } from '../../../../lib/runtime/bindings.ts'
import type { RuntimeEvent } from '../../../../lib/runtime/events.ts'
import '../../../../lib/runtime/sinks/all.ts'
import '../../../../lib/runtime/sources/all.ts'
import { outputLocator } from '../../../../lib/runtime/sinks/deployed.ts'
import { checkFittingKinds } from '../../../../lib/runtime/sinks/fitting-kinds.ts'
import { outputsTo } from '../../../../lib/runtime/sinks/outputs.ts'
import { registerSinkKind } from '../../../../lib/runtime/sinks/sink-kind.ts'
import { errorOf } from '../../../contract/errors.ts'
import { fenceOf } from '../../../contract/write-batch.ts'

const never = (): never => {
  throw new Error('nothing is opened by a binding')
}

const check = (save: (lines: DStream<string>) => void, uri: string): void => {
  const plan = stream('shapes', { batchInterval: seconds(1) }, (ssc) =>
    save(ssc.textFileStream('in')),
  ).build()
  const { locateOutput } = bindPlan(plan, {
    bindings: [`a=${uri}`],
    cwd: '/work',
    sources: { files: { open: never, check: () => undefined } },
    sinks: { files: never, connections: { clock: { now: never, sleep: never }, files: true } },
  })
  checkFittingKinds(plan, locateOutput)
}

const OUTPUTS: Readonly<Record<string, (lines: DStream<string>) => void>> = {
  rows: (lines) => lines.map((line) => ({ line })).saveTo(sqlite('a', { table: 't', key: 'line' })),
  messages: (lines) => lines.saveTo(sqs('a')),
  events: (lines) => lines.saveTo(eventbridge('a', { source: 's', detailType: 't' })),
  records: (lines) => lines.saveTo(kinesis('a')),
  news: (lines) => lines.saveTo(sns('a')),
  requests: (lines) => lines.saveTo(http('a')),
  files: (lines) => lines.saveAsTextFiles('a/lines'),
}
const ARN = 'arn:aws:sns:eu-west-1:1:orders'
const ROWS = ['rows']
const MESSAGES = ['messages', 'events', 'records', 'news', 'requests']

describe('an output', () => {
  test.each<[string, readonly string[]]>([
    ['sqlite:./a.db', ROWS],
    ['sqs:https://queues/a', MESSAGES],
    [`sns:${ARN}`, MESSAGES],
    ['kinesis:clicks', MESSAGES],
    ['kinesis:arn:aws:kinesis:eu-west-1:1:stream/a', MESSAGES],
    ['http://localhost:1/', MESSAGES],
    // A source has this scheme too, always with a port.
    ['http://localhost/', MESSAGES],
    ['eventbridge:default', ['events']],
    ['eventbridge:arn:aws:events:eu-west-1:1:event-bus/a', ['events']],
    ['./out', Object.keys(OUTPUTS)],
  ])('may be bound to %s if it takes what is sent', async (uri, taken) => {
    for (const [what, save] of Object.entries(OUTPUTS)) {
      if (taken.includes(what)) check(save, uri)
      else {
        const error = await errorOf(async () => check(save, uri))
        expect(error).toMatchObject({ code: 'BINDING_UNFIT' })
        expect(error.message).toContain('bind its name to')
      }
    }
  })

  test('may be bound to a scheme that a source has in another form', () => {
    const items = dynamodb<{ line: string }>('a', { partitionKey: 'line' })
    check((lines) => lines.map((line) => ({ line })).saveTo(items), 'dynamodb:totals')
  })

  test.each(['sns:orders', 'kinesis:a b', 'eventbridge:', 'eventbridge:arn:aws:sns:a:1:b c'])(
    'is not bound to %s',
    async (uri) => {
      const error = await errorOf(async () => check(OUTPUTS['events'] as never, uri))
      expect(error.code).toBe('BINDING_INVALID')
    },
  )
})

describe('a service that was asked too much', () => {
  const busy = (name: string, refused: readonly number[], fails = false): void =>
    registerSinkKind({
      name,
      noun: 'a busy service',
      isAvailable: () => true,
      key: () => name,
      encode: (elements) => elements,
      open: () => ({
        description: name,
        isAtomic: false,
        isFenced: false,
        open: async () => ({
          write: async () => {
            if (fails) throw new Error('full')
          },
          throttled: () => refused.length,
          finish: async () => undefined,
          abandon: async () => undefined,
        }),
      }),
    })

  const eventsOf = async (name: string): Promise<readonly RuntimeEvent[]> => {
    const events: RuntimeEvent[] = []
    const outputs = outputsTo({
      locate: (path) => ({ kind: name, path }),
      ports: {},
      listen: (event) => void events.push(event),
    })
    const stamp = { timeMs: 1_000, fence: fenceOf(1, 1) }
    const target = { place: 'sqs://a/messages/1000', sink: sqs('a') }
    await outputs.write(target, [[1], [2]], stamp).catch(() => undefined)
    const counts = events.flatMap((event) =>
      event.event === 'throttled' ? [[event.place, event.count] as const] : [],
    )
    expect(outputs.takeThrottled?.()).toEqual(Object.fromEntries(counts))
    expect(outputs.takeThrottled?.()).toEqual({})
    return events
  }

  test.each<[string, readonly number[], boolean]>([
    ['and takes it later', [1, 2, 3], false],
    ['and fails', [1, 2, 3], true],
    ['never', [], false],
  ])('is told of once in a batch: %s', async (name, refused, fails) => {
    busy(name, refused, fails)
    const told = { event: 'throttled', timeMs: 1_000, place: 'sqs://a/messages', count: 3 }
    expect(await eventsOf(name)).toEqual(refused.length === 0 ? [] : [told])
  })
})

test('outputs of HTTP of one name have their own URLs, and their own directories', () => {
  const urls = ['https://example.com/a', 'https://example.com/b?c=1']
  const plan = stream('shapes', { batchInterval: seconds(1) }, (ssc) => {
    for (const url of urls) ssc.textFileStream('in').saveTo(http('hook', { url }))
  }).build()
  const places = plan.outputs.map(({ node }) => node.placeAt?.(0) ?? '')
  const connections = { clock: { now: never, sleep: never }, files: true }
  // As a deployment that binds nothing locates them.
  const deployed = outputLocator(new Map(), { connections })
  expect(places.map(deployed)).toMatchObject(urls.map((url) => ({ kind: 'http', url })))
  const { locateOutput } = bindPlan(plan, {
    bindings: ['hook=./out'],
    cwd: '/work',
    sources: { files: { open: never, check: () => undefined } },
    sinks: { files: never, connections },
  })
  const paths = places.map((place) => locateOutput(place).path)
  expect(new Set(paths).size).toBe(2)
  expect(paths.flatMap((path) => path.split('/'))).not.toContain('')
})
