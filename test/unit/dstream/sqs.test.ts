/** SQS queues as sources: how a pipeline declares them, and how a test feeds them. */
import { seconds, stream, type DStream, type StreamingContext } from 'millrace'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { type Plan } from '../../../lib/dstream/plan.ts'
import { bindPlan } from '../../../lib/runtime/bindings.ts'
import '../../../lib/runtime/sources/all.ts'
import '../../../lib/runtime/sinks/all.ts'

const planOf = (describePipeline: (ssc: StreamingContext) => void): Plan =>
  stream('app', { batchInterval: seconds(1) }, describePipeline).build()

const ordersPlan = (name = 'orders'): Plan =>
  planOf((ssc) => {
    const orders: DStream<string> = ssc.sqsTextStream(name)
    orders.foreachRDD(() => undefined)
  })

test('the name of the queue is in the hash of the plan', () => {
  const plan = ordersPlan()
  expect(plan.sources[0]?.node.source).toEqual({ kind: 'sqs', name: 'orders', elements: 'text' })
  expect(ordersPlan().hash).toBe(plan.hash)
  expect(ordersPlan('others').hash).not.toBe(plan.hash)
})

test('an empty name is refused', () => {
  expect(() => ordersPlan('')).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }))
})

describe('without a queue on AWS', () => {
  const bind = (...bindings: readonly string[]) =>
    bindPlan(ordersPlan(), {
      bindings,
      cwd: '/work',
      sources: {
        files: { open: () => expect.fail(), check: () => undefined },
        socket: () => expect.fail(),
      },
      sinks: {},
    }).sources.get('sqsTextStream-1')

  test.each([
    ['orders=./in', { kind: 'files', path: '/work/in' }],
    ['orders=socket://localhost:9999', { kind: 'socket', host: 'localhost', port: 9999 }],
  ])('the name can be bound to other text: %s', (binding, location) => {
    expect(bind(binding)).toMatchObject(location)
  })

  test('a queue without a binding is an error that says what to do', () => {
    expect(() => bind()).toThrow(/--bind orders=/)
    expect(() => bind()).toThrow(expect.objectContaining({ code: 'BINDING_MISSING' }))
  })
})

test('each message that a test adds is taken once, also after a restart', async () => {
  const seen: string[] = []
  const pipeline = stream('app', { batchInterval: seconds(1) }, (ssc) =>
    ssc.sqsTextStream('orders').foreachRDD(async (rdd) => void seen.push(...(await rdd.collect()))),
  )
  const app = await testStream(pipeline)
  app.input('orders').add('tea', 'tea')
  await app.advance(seconds(1))
  await app.restart()
  app.input('orders').add('coffee')
  await app.advance(seconds(1))
  expect(seen).toEqual(['tea', 'tea', 'coffee'])
})
