/**
 * Reads the stream of a table into lanes, in a process that stays: one lane for each shard. A lane
 * says how far its shard is read, so a record counts once whatever dies.
 *
 * - A shard is read when its parent has been read to its end. So the changes of an item are stored
 *   in their order. The lane of a shard waits for that of its parent, so they are also taken so.
 * - Whatever goes wrong, it waits, and begins again from the lanes.
 */
import { mapAtOnce } from '../../../base/concurrency.ts'
import { isMillraceError, type MillraceError } from '../../../base/errors.ts'
import type { SourceDeclaration } from '../../../dstream/sources/declaration.ts'
import type { Clock } from '../../../ports/clock.ts'
import type {
  TableShard,
  TableShardCursor,
  TableStreamPage,
  TableStreamReader,
} from '../../../ports/table-stream.ts'
import { feedAgain } from '../feed-again.ts'
import type { LaneFeed, LaneSink } from '../lane-feed.ts'
import { laneOf } from './lanes.ts'
import { isWanted, type TableRecord, textOf } from './records.ts'

/** What a feed needs. */
export interface TableStreamFeedParts {
  readonly table: string
  readonly source: string
  readonly declared: SourceDeclaration
  /** Errors: `PACKAGE_MISSING`; `STREAM_UNREADABLE`. */
  readonly open: () => Promise<TableStreamReader>
  readonly clock: Clock
  /** The pause before it begins again. Default 2,000. */
  readonly retryDelayMs?: number
}

/** The pause between two reads of a shard that has given nothing. */
const ROUND_MS = 500
/** How often it looks for new shards. One that has ended is looked for at once. */
const DESCRIBE_MS = 10_000
const SHARDS_AT_ONCE = 16
/** A shard may give nothing although there is more. After so many times there is none. */
const EMPTY_READS_MAX = 5

/** A shard that is being read. */
interface Progress {
  readonly shard: TableShard
  readonly lane: string
  cursor: TableShardCursor
  emptyReads: number
  isEnd: boolean
}

/** Makes the feed of the stream of a table. */
export const tableStreamFeed = (parts: TableStreamFeedParts): LaneFeed => ({
  run(sink, { signal, untilEnd }): Promise<void> {
    const { table, clock, open, retryDelayMs } = parts
    const name = `the stream of table ${table}`
    const isForNow = ({ retryable }: MillraceError): boolean => retryable
    return feedAgain({ name, sink, clock, signal, retryDelayMs, isForNow }, async (tell) => {
      const client = await open()
      try {
        const session = new Session(parts, client, sink)
        await session.describe()
        tell(`${name} is read`)
        await session.read(signal, untilEnd)
      } finally {
        client.close()
      }
    })
  },
})

/** From one beginning to the next. */
class Session {
  readonly #parts: TableStreamFeedParts
  readonly #client: TableStreamReader
  readonly #sink: LaneSink
  readonly #progress = new Map<string, Progress>()
  #shards: ReadonlyMap<string, TableShard> = new Map()
  #label = ''
  #describedMs = 0

  constructor(parts: TableStreamFeedParts, client: TableStreamReader, sink: LaneSink) {
    this.#parts = parts
    this.#client = client
    this.#sink = sink
  }

  /** Finds new shards. */
  async describe(): Promise<void> {
    const { label, shards } = await this.#client.describe()
    this.#describedMs = this.#parts.clock.now()
    if (label !== this.#label) this.#progress.clear()
    this.#label = label
    this.#shards = new Map(shards.map((shard) => [shard.shardId, shard]))
    const fresh = shards.filter(({ shardId }) => !this.#progress.has(shardId))
    for (const shardId of this.#progress.keys())
      if (!this.#shards.has(shardId)) this.#progress.delete(shardId)
    if (fresh.length === 0) return
    const lanes = new Map((await this.#sink.lanes()).map((lane) => [lane.lane, lane]))
    for (const shard of fresh) {
      const lane = laneOf({ table: this.#parts.table, label, shardId: shard.shardId })
      const cursor = this.#client.open(shard.shardId, lanes.get(lane)?.feeder)
      this.#progress.set(shard.shardId, { shard, lane, cursor, emptyReads: 0, isEnd: false })
    }
  }

  async read(signal: AbortSignal, untilEnd: boolean): Promise<void> {
    const { clock } = this.#parts
    while (!signal.aborted) {
      const startedMs = clock.now()
      const due = [...this.#progress.values()].filter((one) => this.#isDue(one))
      const counts = await mapAtOnce(due, SHARDS_AT_ONCE, (one) => this.#readShard(one))
      const hasEnded = due.some(({ isEnd }) => isEnd)
      if (hasEnded || startedMs - this.#describedMs >= DESCRIBE_MS) await this.describe()
      if (untilEnd && this.#isAtEnd()) return
      if (counts.every((count) => count === 0) && !hasEnded) await clock.sleep(ROUND_MS, signal)
    }
  }

  /** Whether a shard may be read: its parent is at its end, or gone. */
  #isDue({ shard: { parentId }, isEnd }: Progress): boolean {
    const parent = parentId === undefined ? undefined : this.#progress.get(parentId)
    return !isEnd && parent?.isEnd !== false
  }

  #isAtEnd(): boolean {
    return [...this.#progress.values()].every(
      (one) =>
        one.isEnd || (!one.shard.isClosed && this.#isDue(one) && one.emptyReads >= EMPTY_READS_MAX),
    )
  }

  async #readShard(progress: Progress): Promise<number> {
    const { records, isEnd } = await this.#next(progress)
    progress.emptyReads = records.length === 0 ? progress.emptyReads + 1 : 0
    const wanted = records.filter(({ event }) =>
      isWanted(event as TableRecord, this.#parts.declared),
    )
    const last = records.at(-1)?.sequenceNumber
    // What nobody wants is not stored: it costs a write, and is passed again quickly.
    if (wanted.length > 0 && last !== undefined)
      await this.#sink.store({
        lane: progress.lane,
        records: wanted.map(({ sequenceNumber, event }) => ({
          position: positionOf(sequenceNumber),
          record: textOf(event as TableRecord),
        })),
        last: positionOf(last),
        feeder: last,
        parentsOf: async (lane) => this.#parentsOf(lane),
      })
    progress.isEnd = isEnd
    return records.length
  }

  /** Records that have expired are told, and those that are there are read. */
  async #next(progress: Progress): Promise<TableStreamPage> {
    try {
      return await progress.cursor.next()
    } catch (error) {
      if (!isMillraceError(error) || error.code !== 'RECORDS_EXPIRED') throw error
      this.#sink.report(
        `changes of table ${this.#parts.table} are gone: they were not read within 24 hours`,
      )
      progress.cursor = this.#client.open(progress.shard.shardId, undefined)
      return progress.cursor.next()
    }
  }

  #parentsOf(lane: string): readonly string[] {
    const { table } = this.#parts
    const label = this.#label
    const shard = [...this.#shards.values()].find(
      ({ shardId }) => laneOf({ table, label, shardId }) === lane,
    )
    return shard?.parentId === undefined ? [] : [laneOf({ table, label, shardId: shard.parentId })]
  }
}

/** Leading zeros of emulators do not matter. */
const positionOf = (sequenceNumber: string): string => String(BigInt(sequenceNumber))
