/** The table that all formats have. */

/** One row of the table. */
export interface Sale {
  readonly id: string
  readonly shop: string
  readonly price: number
  readonly note: string
}

/** Takes a row that was read. */
export type See = (row: unknown) => void

/** The same table in Avro. */
export const SCHEMA = {
  type: 'record' as const,
  name: 'Sale',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'shop', type: 'string' },
    { name: 'price', type: 'double' },
    { name: 'note', type: 'string' },
  ],
}

const NOTES = ['', 'two for one', 'with a "voucher"', 'a gift, wrapped']
const SHOPS = ['north', 'harbour', 'station', 'market']

/** Rows that are the same in each run. */
export const salesOf = (count: number): readonly Sale[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `sale-${index}`,
    shop: SHOPS[index % SHOPS.length] as string,
    price: (index % 10_000) / 100,
    note: NOTES[(index * 7) % NOTES.length] as string,
  }))
