/**
 * Reads a stream into lanes, in a process that stays: one lane for each shard, named as those of
 * intake on AWS.
 *
 * - Lanes say where their shards go on, so positions and records are stored in one write. What a
 *   process that died, or another one, has stored already is dropped (B1).
 * - A shard is read after the shards that it was made from, so the records of a key stay in order.
 * - A shard is asked at most four times a second, and less often when it is quiet or refuses.
 * - Whatever goes wrong with the stream, it waits and begins again from the lanes. So there is one
 *   way to go on, and it is the same as after a start.
 */
import { mapAtOnce } from '../../../base/concurrency.ts'
import { MillraceError } from '../../../base/errors.ts'
import { leastOf } from '../../../base/extremes.ts'
import type { Clock } from '../../../ports/clock.ts'
import type {
  Refused,
  ShardPage,
  ShardReader,
  ShardStart,
  StreamDescription,
} from '../../../ports/shard-reader.ts'
import { feedAgain } from '../feed-again.ts'
import type { LaneFeed, LaneSink } from '../lane-feed.ts'
import { shardDelivery, type ShardTarget } from './delivery.ts'
import {
  GAP_MS,
  lanesOfStream,
  NOTED_TAIL,
  noteText,
  pauseAfterPage,
  pauseAfterThrottle,
  type ShardProgress,
  shardProgress,
} from './shard-progress.ts'
import { laneId } from './shards.ts'

/** What a feed needs. */
export interface KinesisFeedParts {
  readonly stream: string
  readonly target: ShardTarget
  /** Where a stream that was never read starts. */
  readonly start: ShardStart
  /** Errors: `PACKAGE_MISSING`. */
  readonly open: () => Promise<ShardReader>
  readonly clock: Clock
  /** The pause before it begins again. Default 2,000. */
  readonly retryDelayMs?: number
}

/** A page has up to 10 MB, so this bounds the memory, however many shards there are. */
const READS_AT_ONCE = 6

/** How often it looks for the children of a shard that has ended, if they are not listed yet. */
const LIST_MS = 10_000
const HOUR_MS = 3_600_000

/** Makes the feed of a stream. */
export const kinesisFeed = (parts: KinesisFeedParts): LaneFeed => ({
  async run(sink, { signal, untilEnd }): Promise<void> {
    const { stream, clock, open, retryDelayMs } = parts
    const client = await open()
    let wasRead = false
    let before: StreamDescription | undefined
    // A stream that was read may be created again, and who read it may log in again.
    const isForNow = (error: MillraceError): boolean =>
      isOfStream(error) && (error.retryable || (wasRead && !untilEnd))
    const feed = { name: `stream ${stream}`, sink, clock, signal, retryDelayMs, isForNow }
    return feedAgain(feed, async (tell) => {
      const session = new Session(parts, client, sink)
      before = await session.begin(before)
      tell(`stream ${stream} connected`)
      wasRead = true
      await session.read(signal, untilEnd)
    })
  },
})

const isOfStream = ({ code }: MillraceError): boolean =>
  code === 'STREAM_UNREADABLE' || code === 'CREDENTIALS_MISSING'

/** From one beginning to the next. */
class Session {
  readonly #parts: KinesisFeedParts
  readonly #client: ShardReader
  readonly #sink: LaneSink
  readonly #shards = new Map<string, ShardProgress>()
  #stream: StreamDescription = { streamArn: '', createdMs: 0, retentionMs: Infinity }
  #listedMs = 0
  /** When a source that starts at the latest record began. */
  #latestMs = 0
  #saidGap = false

  constructor(parts: KinesisFeedParts, client: ShardReader, sink: LaneSink) {
    this.#parts = parts
    this.#client = client
    this.#sink = sink
  }

  async begin(before: StreamDescription | undefined): Promise<StreamDescription> {
    const { stream } = this.#parts
    this.#stream = await this.#client.describe()
    if (before !== undefined && before.createdMs !== this.#stream.createdMs)
      this.#sink.report(
        `stream ${stream} is another one of this name: what was not read of the one before is lost`,
      )
    await this.#list()
    return this.#stream
  }

  async read(signal: AbortSignal, untilEnd: boolean): Promise<void> {
    const { clock } = this.#parts
    while (!signal.aborted) {
      const nowMs = clock.now()
      const due = this.#open().filter(({ dueMs }) => dueMs <= nowMs)
      await mapAtOnce(due, READS_AT_ONCE, async (one) => {
        if (!signal.aborted) await this.#readNext(one)
      })
      if (due.some(({ isDone }) => isDone) || this.#isListOld()) await this.#list()
      const open = this.#open()
      if (untilEnd && open.every(({ wasAtEnd }) => wasAtEnd)) return
      const nextMs = Math.min(leastOf(open.map(({ dueMs }) => dueMs)), nowMs + LIST_MS)
      const restMs = nextMs - clock.now()
      if (restMs > 0) await clock.sleep(restMs, signal)
    }
  }

  /** The shards that may be read: all that came before them is read, or nobody has it any more. */
  #open(): readonly ShardProgress[] {
    const isOver = (parent: string): boolean => this.#shards.get(parent)?.isDone ?? true
    return [...this.#shards.values()].filter(
      ({ isDone, shard }) => !isDone && shard.parents.every(isOver),
    )
  }

  /** A shard that has ended has children. They may be listed later. */
  #isListOld(): boolean {
    if (this.#parts.clock.now() - this.#listedMs < LIST_MS) return false
    const all = [...this.#shards.values()]
    const parents = new Set(all.flatMap(({ shard }) => shard.parents))
    return all.some(({ isDone, shard }) => isDone && !parents.has(shard.shardId))
  }

  /** Finds shards that were not there before. */
  async #list(): Promise<void> {
    const listed = await this.#client.shards()
    this.#listedMs = this.#parts.clock.now()
    const fresh = listed.filter(({ shardId }) => !this.#shards.has(shardId))
    if (fresh.length === 0) return
    const { start } = this.#parts
    const lanes = lanesOfStream(this.#stream, await this.#sink.lanes())
    for (const shard of fresh)
      this.#shards.set(shard.shardId, shardProgress(shard, { stream: this.#stream, lanes, start }))
    if (start === 'latest' && lanes.length === 0) await this.#noteStart()
  }

  /** The next process must know it: what was put in between is later than this start. */
  async #noteStart(): Promise<void> {
    this.#latestMs = this.#parts.clock.now()
    const first = this.#open()[0]
    if (first === undefined) return
    first.note = { fromMs: this.#latestMs }
    const feeder = noteText(first.note)
    await this.#sink.store({ lane: first.lane, records: [], last: NOTED_TAIL, feeder })
  }

  async #readNext(one: ShardProgress): Promise<void> {
    const { clock } = this.#parts
    one.iterator ??= await this.#begin(one)
    if (one.iterator === undefined) return
    const startedMs = clock.now()
    const page = await this.#client.read(one.iterator)
    if ('refused' in page) return this.#refuse(one, page)
    await this.#store(one, page.records)
    one.iterator = page.next
    one.isDone = page.next === undefined
    const isAtEnd = page.behindMs === 0
    one.wasAtEnd ||= isAtEnd || one.isDone
    const isQuiet = isAtEnd && page.records.length === 0
    one.pauseMs = pauseAfterPage(one, { bytes: page.bytes, isQuiet })
    one.dueMs = startedMs + one.pauseMs
  }

  /** The iterator from which a shard goes on. Undefined: there is none now. */
  async #begin(one: ShardProgress): Promise<string | undefined> {
    const { shard, start } = one
    if (typeof start === 'object' && 'afterNumber' in start) this.#tellGap(one)
    const found = await this.#client.iterator(shard.shardId, start)
    if (typeof found === 'string') {
      // An iterator ends after five minutes. The latest record is another one then.
      if (start === 'latest') one.start = { atMs: this.#latestMs }
      return found
    }
    if (found.refused === 'unknown' && start !== 'oldest') {
      this.#sink.report(
        `stream ${this.#parts.stream} no longer has the record of ${shard.shardId} that was read ` +
          'last: it goes on with the oldest one it has',
      )
      one.start = 'oldest'
    }
    this.#refuse(one, found)
    return undefined
  }

  #refuse(one: ShardProgress, { refused }: Refused): void {
    one.iterator = undefined
    if (refused === 'gone')
      throw new MillraceError('STREAM_UNREADABLE', {
        problem: 'A shard of the stream is gone, or the stream is',
        value: { stream: this.#parts.stream, shardId: one.shard.shardId },
        retryable: true,
      })
    one.pauseMs = refused === 'throttled' ? pauseAfterThrottle(one) : GAP_MS
    one.dueMs = this.#parts.clock.now() + one.pauseMs
  }

  /** Nobody can tell whether there were any: a stream that was quiet looks the same. */
  #tellGap({ note: { lastMs } }: ShardProgress): void {
    const { retentionMs } = this.#stream
    if (this.#saidGap || lastMs === undefined) return
    if (this.#parts.clock.now() - lastMs <= retentionMs) return
    this.#saidGap = true
    this.#sink.report(
      `stream ${this.#parts.stream} keeps its records for ${retentionMs / HOUR_MS} hours, and ` +
        `was last read up to ${new Date(lastMs).toISOString()}: ` +
        'what came after that and is older than it keeps is lost',
    )
  }

  async #store(one: ShardProgress, records: ShardPage['records']): Promise<void> {
    const last = records.at(-1)
    if (last === undefined) return
    const delivery = shardDelivery(one.lane, records, this.#parts.target)
    // What is left out alone is not stored: it costs a write, and is passed again quickly.
    if (delivery.records.length > 0 || (delivery.rejected ?? []).length > 0) {
      const note = { ...one.note, lastMs: last.arrivalMs }
      const parentsOf = async (lane: string): Promise<readonly string[]> => this.#parentsOf(lane)
      await this.#sink.store({ ...delivery, feeder: noteText(note), parentsOf })
      one.note = note
    }
    one.start = { afterNumber: last.sequenceNumber }
  }

  #parentsOf(lane: string): readonly string[] {
    const { streamArn, createdMs } = this.#stream
    const found = [...this.#shards.values()].find((one) => one.lane === lane)
    return (found?.shard.parents ?? []).map((shardId) => laneId({ streamArn, createdMs, shardId }))
  }
}
