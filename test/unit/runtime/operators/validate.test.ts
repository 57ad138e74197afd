/** Schemas of several libraries, through the runtime. */
import { type } from 'arktype'
import { type DStream, seconds, type StandardSchema, stream } from 'millrace'
import { json } from 'millrace/formats'
import { testStream } from 'millrace/testing'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

interface Order {
  id: string
  items: { price: number }[]
}

const schemas = {
  zod: z.object({ id: z.string(), items: z.array(z.object({ price: z.number() })) }),
  valibot: v.object({ id: v.string(), items: v.array(v.object({ price: v.number() })) }),
  arktype: type({ id: 'string', items: type({ price: 'number' }).array() }),
}

const run = async (schema: StandardSchema, ...records: readonly string[]) => {
  const app = await testStream(
    stream('app', { batchInterval: seconds(1) }, (ssc) =>
      ssc.kinesisTextStream('orders').decode(json()).validate(schema).print(),
    ),
    { now: new Date(0) },
  )
  app.input('orders').add(...records)
  await app.advance(seconds(1))
  return { given: app.output('print-1').elements.flat(), letters: await app.deadLetters() }
}

describe.each(Object.entries<StandardSchema<unknown, unknown>>(schemas))('%s', (_, schema) => {
  test('gives what fits, and puts aside the rest with the path of the issue', async () => {
    const good = '{"id":"a","items":[{"price":1}]}'
    const bad = '{"id":"b","items":[{"price":1},{"price":"2"}]}'
    const { given, letters } = await run(schema, good, bad)
    expect(given).toEqual([{ id: 'a', items: [{ price: 1 }] }])
    expect(letters).toMatchObject([{ code: 'RECORD_INVALID', operator: 'validate-1', text: bad }])
    expect(letters[0]?.message).toMatch(/The field items\[1\]\.price of an element does not fit/)
  })

  test('counts the other issues', async () => {
    const { letters } = await run(schema, '{"id":1,"items":2}')
    expect(letters[0]?.message).toMatch(/The field (id|items) .*; 1 more issue/)
  })
})

test('the stream has the type of the schema', () => {
  stream('app', { batchInterval: seconds(1) }, (ssc) => {
    const records = ssc.kinesisTextStream('orders').decode(json())
    expectTypeOf(records.validate(schemas.zod)).toEqualTypeOf<DStream<Order>>()
    expectTypeOf(records.validate(schemas.valibot)).toEqualTypeOf<DStream<Order>>()
    expectTypeOf(records.validate(schemas.arktype)).toEqualTypeOf<DStream<Order>>()
    const counted = z.string().transform((text) => text.length)
    expectTypeOf(records.validate(counted)).toEqualTypeOf<DStream<number>>()
    records.print()
  }).build()
})

test('defaults and changes of the schema are in the elements', async () => {
  const schema = z.object({ n: z.coerce.number(), unit: z.string().default('EUR') })
  expect((await run(schema, '{"n":"2"}')).given).toEqual([{ n: 2, unit: 'EUR' }])
})

test('the whole element may not fit', async () => {
  const { letters } = await run(schemas.zod, '1')
  expect(letters[0]?.message).toMatch(/An element does not fit the schema: /)
})

describe('a schema that is asynchronous', () => {
  const described = (schema: StandardSchema) =>
    stream('app', { batchInterval: seconds(1) }, (ssc) =>
      ssc.kinesisTextStream('orders').validate(schema).print(),
    ).build()

  test('is refused when the pipeline is described, if it shows then', () =>
    expect(() =>
      described(
        v.pipeAsync(
          v.any(),
          v.checkAsync(async () => true),
        ),
      ),
    ).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' })))

  test('otherwise puts records aside', async () => {
    const schema = z.object({ id: z.string().refine(async () => true) })
    const { letters } = await run(schema, '{"id":"a"}')
    expect(letters).toMatchObject([{ code: 'PROMISE_UNEXPECTED' }])
  })

  test.each([undefined, null, {}, () => true])('no schema at all: %o', (schema) =>
    expect(() => described(schema as never)).toThrow(/needs a schema/),
  )
})
