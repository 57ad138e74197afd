/**
 * The partitions of the table over which the lanes of a source are spread. A partition of DynamoDB
 * takes 1,000 write units a second, fewer than a thousand shards append.
 *
 * A lane has its partition by its number. To ask all partitions would cost more than the few lanes
 * of most sources: so one item names those in use, and others are never asked. A partition is named
 * before the first lane in it is stored (B12): who reads the names, and then the lanes, sees every
 * lane that was stored before.
 */
import { allOrFirstError } from '../base/concurrency.ts'
import { MillraceError } from '../base/errors.ts'
import type { ItemStore, KeyedItem } from '../ports/item-store.ts'
import { laneBucket, lanePartition, usedLanePartitionsKey } from './item-keys.ts'

/** As many tries as others can win: each adds one. */
const TRIES_MAX = 20

/** The lanes of one source in the table. Remembers which partitions are in use. */
export class LanePartitions {
  readonly #store: ItemStore
  readonly #app: string
  readonly #source: string
  readonly #used = new Set<number>()

  constructor(store: ItemStore, app: string, source: string) {
    this.#store = store
    this.#app = app
    this.#source = source
  }

  /** Names the partition of a lane, which is about to be stored for the first time. */
  async use(lane: string): Promise<void> {
    const bucket = laneBucket(lane)
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      if (this.#used.has(bucket)) return
      const seen = await this.#readUsed()
      if (this.#used.has(bucket)) return
      const used = JSON.stringify([...this.#used, bucket].toSorted((a, b) => a - b))
      const answer = await this.#store.compareAndSet(
        usedLanePartitionsKey(this.#app, this.#source),
        seen === undefined ? 'absent' : { used: seen },
        { used },
      )
      if (answer.swapped) this.#used.add(bucket)
    }
    if (this.#used.has(bucket)) return
    throw new MillraceError('STORE_FAILED', {
      problem: `Other processes name partitions of ${this.#source} all the time`,
      retryable: true,
      fix: 'nothing: the source delivers again',
    })
  }

  /** All items of lanes. The names are read beside the partitions that are known already. */
  async read(): Promise<readonly KeyedItem[]> {
    const known = [...this.#used]
    const [, ...found] = await allOrFirstError([
      this.#readUsed(),
      ...known.map((bucket) => this.#query(bucket)),
    ])
    const others = [...this.#used].filter((bucket) => !known.includes(bucket))
    const more = await allOrFirstError(others.map((bucket) => this.#query(bucket)))
    return [...found, ...more].flat()
  }

  async #readUsed(): Promise<string | undefined> {
    const item = await this.#store.get(usedLanePartitionsKey(this.#app, this.#source))
    const used = item?.['used'] as string | undefined
    for (const bucket of JSON.parse(used ?? '[]') as number[]) this.#used.add(bucket)
    return used
  }

  #query(bucket: number): Promise<readonly KeyedItem[]> {
    const partition = lanePartition(this.#app, bucket)
    return this.#store.query(partition, { prefix: `${this.#source}#` })
  }
}

/** The ids of all sources that have ever had lanes. */
export const sourcesWithLanes = async (
  store: ItemStore,
  app: string,
): Promise<readonly string[]> => {
  const items = await store.query(usedLanePartitionsKey(app, '').partition)
  return items.map(({ sort }) => sort).toSorted()
}
