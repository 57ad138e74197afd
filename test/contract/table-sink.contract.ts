/** What every sink of items promises: what an item looks like, and which item stays. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Json, TableItem } from '../../lib/base/table-item.ts'
import type { Fence } from '../../lib/ports/fence.ts'
import type { Sink } from '../../lib/ports/sink.ts'
import { expectError } from './errors.ts'
import { sinkContract } from './sink.contract.ts'
import { fenceOf, writeBatch } from './write-batch.ts'

/** An item with all its attributes, as values of JavaScript. */
export type Attributes = Readonly<Record<string, unknown>>

/** An item that Millrace did not write. Its attributes are texts and numbers. */
export type PlantedItem = Readonly<Record<string, string | number>> & { readonly key: string }

/** A table that a test can look into. */
export interface TableUnderTest {
  readonly sink: Sink<readonly TableItem[]>
  /** All items, by key. */
  items(): ReadonlyMap<string, Attributes> | Promise<ReadonlyMap<string, Attributes>>
  /** Puts an item there that Millrace did not write. */
  plant(item: PlantedItem): void | Promise<void>
}

const item = (key: string, value: Json): TableItem => ({ key, value })

const stored = (key: string, value: Json, batchTime: number, by: Fence): Attributes => ({
  key,
  value,
  batchTime,
  ...by,
})

const tables = (table: () => TableUnderTest): void => {
  const write = (timeMs: number, by: Fence, ...parts: (readonly TableItem[])[]): Promise<void> =>
    writeBatch(table().sink, { path: String(timeMs), timeMs }, by, parts)
  const valuesThere = async (): Promise<Attributes> =>
    Object.fromEntries([...(await table().items())].map(([key, { value }]) => [key, value]))

  test.each<[string, Json]>([
    ['text', 'a ä€😀'],
    ['an empty text', ''],
    ['a number', 12.5],
    ['a large one', 1.5e100],
    ['zero', 0],
    ['true', true],
    ['null', null],
    ['a list', [1, 'a', [null, false]]],
    ['an object', { name: 'a', parts: { n: [1, 2] } }],
  ])('the value is %s', async (_, value) => {
    await write(1_000, fenceOf(1, 2), [item('a', value)])
    expect(await table().items()).toEqual(
      new Map([['a', stored('a', value, 1_000, fenceOf(1, 2))]]),
    )
  })

  test('each batch replaces the items of its keys, and leaves the others', async () => {
    await write(1_000, fenceOf(1, 1), [item('a', 1), item('b', 1)])
    await write(2_000, fenceOf(1, 2), [item('b', 2)], [item('c', 2)])
    expect(await table().items()).toEqual(
      new Map([
        ['a', stored('a', 1, 1_000, fenceOf(1, 1))],
        ['b', stored('b', 2, 2_000, fenceOf(1, 2))],
        ['c', stored('c', 2, 2_000, fenceOf(1, 2))],
      ]),
    )
  })

  test('of several values of a key, the last one of the last partition stays', async () => {
    await write(1_000, fenceOf(1, 1), [item('a', 1), item('b', 1), item('a', 2)], [item('b', 2)])
    expect(await valuesThere()).toEqual({ a: 2, b: 2 })
  })

  test.each<[string, number, Fence]>([
    ['an older batch of an older attempt', 1_000, fenceOf(1, 4)],
    ['an older batch of a newer attempt', 1_000, fenceOf(2, 1)],
    ['the same batch of an older attempt', 2_000, fenceOf(1, 4)],
    ['a later batch of an older attempt', 3_000, fenceOf(1, 4)],
  ])('is refused: %s', async (_, timeMs, by) => {
    await write(2_000, fenceOf(1, 5), [item('a', 'there')])
    await expectError(() => write(timeMs, by, [item('a', 'new')]), 'OUTPUT_FENCED')
    expect(await valuesThere()).toEqual({ a: 'there' })
  })

  test.each<[string, Readonly<Record<string, string | number>>]>([
    ['an item of somebody', { n: 1 }],
    ['an item with an own batchTime', { batchTime: 1, generation: 1, epoch: 1 }],
    ['an item of another application', { app: 'b', batchTime: 1, generation: 1, epoch: 1 }],
    ['an item with half a fence', { app: 'app', batchTime: 1 }],
  ])('strangers are left alone: %s', async (_, attributes) => {
    await table().plant({ key: 'a', ...attributes })
    await expectError(() => write(1_000, fenceOf(9, 9), [item('a', 1)]), 'OUTPUT_EXISTS')
    expect((await table().items()).get('a')).toEqual({ key: 'a', ...attributes })
  })

  test.each([
    ['empty', '', false],
    ['of 2,048 bytes', 'ä'.repeat(1_024), true],
    ['of 2,049 bytes', `a${'ä'.repeat(1_024)}`, false],
  ])('a key that is %s', async (_, key, isAllowed) => {
    const attempt = (): Promise<void> => write(1_000, fenceOf(1, 1), [item('a', 1), item(key, 1)])
    if (isAllowed) await attempt()
    else await expectError(attempt, 'KEY_UNSUPPORTED')
    expect([...(await table().items()).keys()].toSorted()).toEqual(isAllowed ? ['a', key] : [])
  })
}

const asLine = ({ key, value }: Attributes): string => `${String(key)}=${String(value)}`

/** Runs what every {@link Sink} of items promises. */
export const tableSinkContract = (
  adapter: string,
  open: () => TableUnderTest | Promise<TableUnderTest>,
): void => {
  sinkContract(adapter, async () => {
    const table = await open()
    return {
      sink: table.sink,
      contentOf: (lines): TableItem[] =>
        lines.map((line) => item(line.split('=')[0] ?? '', line.split('=')[1] ?? '')),
      spoil: (items: TableItem[]) => void items.splice(0, items.length, item('a', 'spoilt')),
      linesOf: async () => [...(await table.items()).values()].map(asLine),
    }
  })

  describe(`a table: ${adapter}`, () => {
    let current: TableUnderTest | undefined
    beforeEach(async () => {
      current = await open()
    })
    tables(() => {
      if (current === undefined) throw new Error('the table is there only in a test')
      return current
    })
  })
}
