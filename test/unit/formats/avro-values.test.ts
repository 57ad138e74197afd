/** Values of random schemas, written by the library alone and read by ours, and the other way. */
import avsc from 'avsc'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { avro, avroRecord } from '../../../lib/formats/avro/avro.ts'
import type { AvroSchema } from '../../../lib/formats/avro/schema.ts'
import type { PartReading } from '../../../lib/formats/file-format.ts'

/** A schema, and values that it allows. Records and fixed types have names, which differ. */
interface Shape {
  readonly schema: (nameOf: () => string) => unknown
  readonly value: fc.Arbitrary<unknown>
}

const simple = (schema: unknown, value: fc.Arbitrary<unknown>): Shape => ({
  schema: () => schema,
  value,
})
const bytesOf = (size: fc.SizeForArbitrary | number): fc.Arbitrary<Uint8Array> =>
  typeof size === 'number'
    ? fc.uint8Array({ minLength: size, maxLength: size })
    : fc.uint8Array({ maxLength: 5 })

const LEAVES: readonly Shape[] = [
  simple('string', fc.string({ unit: 'grapheme', maxLength: 80 })),
  simple('bytes', bytesOf('small')),
  simple('double', fc.double({ noNaN: true })),
  simple('int', fc.integer()),
  // The library alone is wrong beyond that.
  simple('long', fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 })),
  simple('boolean', fc.boolean()),
  simple('null', fc.constant(null)),
  {
    schema: (nameOf) => ({ type: 'fixed', name: nameOf(), size: 3 }),
    value: bytesOf(3),
  },
]

const recordOf = (shapes: readonly Shape[]): Shape => ({
  schema: (nameOf) => ({
    type: 'record',
    name: nameOf(),
    fields: shapes.map((shape, index) => ({ name: `f${index}`, type: shape.schema(nameOf) })),
  }),
  value: fc.record(Object.fromEntries(shapes.map(({ value }, index) => [`f${index}`, value])), {
    noNullPrototype: true,
  }),
})
const listOf = ({ schema, value }: Shape): Shape => ({
  schema: (nameOf) => ({ type: 'array', items: schema(nameOf) }),
  value: fc.array(value, { maxLength: 3 }),
})
const mapOf = ({ schema, value }: Shape): Shape => ({
  schema: (nameOf) => ({ type: 'map', values: schema(nameOf) }),
  value: fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), value, {
    maxKeys: 3,
    noNullPrototype: true,
  }),
})
/** Its type tells the branch of a value. */
const unionOf = (shape: Shape): Shape => ({
  schema: (nameOf) => ['null', shape.schema(nameOf)],
  value: fc.option(shape.value),
})
/** Both branches are objects or bytes, so values have the name of their branch. */
const wrappedOf = (inner: Shape): Shape => {
  const shape = recordOf([inner])
  return {
    schema: (nameOf) => [
      'null',
      { ...(shape.schema(nameOf) as object), name: `W${nameOf()}` },
      mapOf(inner).schema(nameOf),
    ],
    value: fc.oneof(
      fc.constant(null),
      mapOf(inner).value.map((map) => ({ map })),
    ),
  }
}

const shapes = fc.letrec<{ shape: Shape; notUnion: Shape }>((tie) => ({
  shape: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...LEAVES),
    tie('notUnion')
      .filter((shape) => shape !== LEAVES[6])
      .map(unionOf),
    tie('shape').map(wrappedOf),
    tie('notUnion'),
  ),
  notUnion: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...LEAVES),
    fc.array(tie('shape'), { minLength: 1, maxLength: 4 }).map(recordOf),
    tie('shape').map(listOf),
    tie('shape').map(mapOf),
  ),
})).notUnion

const cases = shapes.chain((shape) => {
  let names = 0
  const schema = shape.schema(() => `N${names++}`) as AvroSchema
  return fc.record({ schema: fc.constant(schema), values: fc.array(shape.value, { maxLength: 5 }) })
})

/** The library takes bytes as a Buffer, and gives them so. */
const withBuffers = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (Array.isArray(value)) return value.map(withBuffers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withBuffers(one)]))
}

const fileOf = (bytes: Uint8Array) => ({
  name: 'a.avro',
  sizeBytes: bytes.length,
  partBytes: 4 * 1024 * 1024,
  read: async (from: number, to: number) => bytes.subarray(from, to),
})

const readFile = async (bytes: Uint8Array): Promise<readonly unknown[]> => {
  const { prepare, open } = avro().reading as PartReading<unknown>
  await prepare?.()
  const parts = await open(fileOf(bytes))
  return (await Promise.all(parts.map(async (part) => part.read()))).flat()
}

const written = async (schema: AvroSchema, values: readonly unknown[]): Promise<Uint8Array> => {
  const { writing } = avro({ schema })
  await writing?.prepare?.()
  return writing?.encode(values) ?? new Uint8Array()
}

test('values of the library alone are read as plain values', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ schema, values }) => {
      const type = avsc.Type.forSchema(schema as avsc.Schema)
      const { prepare, decode } = avroRecord(schema)
      await prepare?.()
      const found = values.map((value) => decode(type.toBuffer(withBuffers(value))))
      expect(found).toStrictEqual(values)
    }),
    { numRuns: 60 },
  )
})

test('files hold what the library alone encodes, and are read as plain values', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ schema, values }) => {
      expect(await readFile(await written(schema, values))).toStrictEqual(values)
    }),
    { numRuns: 60 },
  )
})

const node = {
  type: 'record',
  name: 'Node',
  fields: [
    { name: 'bytes', type: 'bytes' },
    { name: 'next', type: ['null', 'Node'] },
  ],
}

test('a schema that contains itself', async () => {
  const list = { bytes: Uint8Array.of(1), next: { bytes: Uint8Array.of(2), next: null } }
  expect(await readFile(await written(node, [list]))).toStrictEqual([list])
})

test('bytes have memory of their own', async () => {
  const [first] = (await readFile(
    await written(node, [{ bytes: Uint8Array.of(1, 2, 3), next: null }]),
  )) as readonly { readonly bytes: Uint8Array }[]
  expect(first?.bytes.buffer.byteLength).toBe(3)
})

const flat = {
  type: 'record',
  name: 'Flat',
  fields: [
    { name: 'a', type: 'string' },
    { name: 'n', type: 'long' },
  ],
}

test('records are not copied, neither read nor written', async () => {
  const values = Array.from({ length: 5_000 }, (_, n) => ({ a: `${n}`, n }))
  const bytes = await written(flat, values)
  const keys = vi.spyOn(Object, 'keys')
  const entries = vi.spyOn(Object, 'entries')
  const concat = vi.spyOn(Buffer, 'concat')
  try {
    const found = await readFile(bytes)
    expect(await written(flat, found)).toEqual(bytes)
    expect(keys.mock.calls.length + entries.mock.calls.length).toBeLessThan(500)
    const joined = concat.mock.calls.map(([pieces]) => pieces.length)
    expect(Math.max(...joined)).toBeLessThan(50)
    expect(found).toStrictEqual(values)
  } finally {
    vi.restoreAllMocks()
  }
})

test('large records are not put into one block', async () => {
  const values = Array.from({ length: 12 }, (_, n) => ({ a: String(n).repeat(1024 * 1024), n }))
  const file = Buffer.from(await written(flat, values))
  const sync = file.subarray(-16)
  let blocks = -1
  for (let at = file.indexOf(sync); at !== -1; at = file.indexOf(sync, at + 16)) blocks += 1
  expect(blocks).toBeGreaterThanOrEqual(3)
  expect(await readFile(file)).toEqual(values)
})
