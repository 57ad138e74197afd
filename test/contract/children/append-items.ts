/**
 * With pauses in which others come to write, puts one item after the other into the store in the
 * directory given, and says the number of each once it is acknowledged.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { sqliteItemStore } from '../../../lib/adapters/local/sqlite-item-store.ts'

const store = sqliteItemStore({ directory: process.argv[2] as string })
for (let number = 0; ; number++) {
  await store.put({ partition: 'numbers', sort: String(number).padStart(9, '0') }, { number })
  process.stdout.write(`${number}\n`)
  await sleep(1)
}
