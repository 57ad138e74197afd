/** Reads a partition one page at a time, so that memory is bounded however many items it holds. */
import type { ItemStore, KeyedItem, Query } from '../ports/item-store.ts'

/** The size of a page when an item may hold the data of a record. */
export const RECORDS_PER_PAGE = 100
/** The size of a page of keys and numbers. */
export const KEYS_PER_PAGE = 1_000

/** The pages of a query. `limit` is the size of a page. The last page may be empty. */
export async function* itemPages(
  store: ItemStore,
  partition: string,
  { limit = KEYS_PER_PAGE, after = '', ...query }: Query,
): AsyncGenerator<readonly KeyedItem[]> {
  for (let last = after; ;) {
    const page = await store.query(partition, { ...query, limit, after: last })
    yield page
    if (page.length < limit) return
    last = page.at(-1)?.sort ?? ''
  }
}
