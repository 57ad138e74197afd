import { expect, test } from 'vitest'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import { itemPages } from '../../../lib/state/item-pages.ts'

test.each<[items: number, limit: number, after: string, pages: readonly string[]]>([
  [0, 2, '', ['']],
  [1, 2, '', ['a']],
  [2, 2, '', ['ab', '']],
  [3, 2, '', ['ab', 'c']],
  [4, 2, '', ['ab', 'cd', '']],
  [4, 2, 'a', ['bc', 'd']],
  [4, 1_000, '', ['abcd']],
])('%i items in pages of %i, after "%s": %j', async (items, limit, after, expected) => {
  const store = memoryItemStore()
  for (const sort of 'abcdefgh'.slice(0, items)) await store.put({ partition: 'p', sort }, { n: 1 })
  const pages: string[] = []
  for await (const page of itemPages(store, 'p', { limit, after }))
    pages.push(page.map(({ sort }) => sort).join(''))
  expect(pages).toEqual(expected)
})
