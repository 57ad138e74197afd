/**
 * How far a shard has been read, by this process, and when it may be read again. The lanes are the
 * truth: a shard goes on at the tail of its lane. Of what is here, only the note is stored.
 */
import { leastOf } from '../../../base/extremes.ts'
import type { ListedShard, ShardStart, StreamDescription } from '../../../ports/shard-reader.ts'
import type { Lane } from '../../../state/lanes.ts'
import { sequenceNumberOf } from './positions.ts'
import { laneId } from './shards.ts'

/** What the lane of a shard notes. */
export interface ShardNote {
  /** When the stream was first read, by a source that starts at the latest record. */
  readonly fromMs?: number
  /** When the last record arrived that is in the lane. */
  readonly lastMs?: number
}

/** A shard that is being read. */
export interface ShardProgress {
  readonly shard: ListedShard
  readonly lane: string
  start: ShardStart
  note: ShardNote
  /** Undefined: one must be asked for. */
  iterator: string | undefined
  /** When the next call may be made. */
  dueMs: number
  /** How long the shard has to wait, since it is quiet or was asked too much. */
  pauseMs: number
  /** It is closed, and all of it is stored. */
  isDone: boolean
  /** It was at its end since this process began. */
  wasAtEnd: boolean
}

/**
 * The tail of a lane in which nothing was read yet, and which holds a note. All positions of
 * records are greater.
 */
export const NOTED_TAIL = '1'

/**
 * Five reads a second are for all readers of a shard together. A call each quarter of a second
 * leaves one to others.
 */
export const GAP_MS = 250
const IDLE_MS_MAX = 2_000
const THROTTLED_MS = 500
const THROTTLED_MS_MAX = 8_000
/** What a shard gives in a millisecond, averaged. */
const BYTES_PER_MS = (2 * 1024 * 1024) / 1_000

/** After a page. A quiet shard is asked less and less often. */
export const pauseAfterPage = (
  { pauseMs }: Pick<ShardProgress, 'pauseMs'>,
  { bytes, isQuiet }: { readonly bytes: number; readonly isQuiet: boolean },
): number =>
  isQuiet
    ? Math.min(Math.max(2 * pauseMs, GAP_MS), IDLE_MS_MAX)
    : Math.max(GAP_MS, bytes / BYTES_PER_MS)

/** After a call that was refused because there were too many. */
export const pauseAfterThrottle = ({ pauseMs }: Pick<ShardProgress, 'pauseMs'>): number =>
  Math.min(Math.max(2 * pauseMs, THROTTLED_MS), THROTTLED_MS_MAX)

/** The text that a lane stores for a note. */
export const noteText = (note: ShardNote): string => JSON.stringify(note)

const noteIn = ({ feeder }: Pick<Lane, 'feeder'>): ShardNote =>
  feeder === undefined ? {} : (JSON.parse(feeder) as ShardNote)

/** The lanes of a stream in its present life. */
export const lanesOfStream = (
  { streamArn, createdMs }: StreamDescription,
  lanes: readonly Lane[],
): readonly Lane[] => {
  const prefix = laneId({ streamArn, createdMs, shardId: '' })
  return lanes.filter(({ lane }) => lane.startsWith(prefix))
}

/** What is known when a shard is found. */
export interface ShardContext {
  readonly stream: StreamDescription
  /** The lanes of this stream. */
  readonly lanes: readonly Lane[]
  /** Where the source starts. */
  readonly start: ShardStart
}

/**
 * Where a shard goes on. One without a lane starts where the source says. At the latest record
 * means: from the moment on at which the stream was first read, which a lane has noted.
 */
const startOf = (found: Lane | undefined, { lanes, start }: ShardContext): ShardStart => {
  if (found !== undefined && found.tail !== NOTED_TAIL)
    return { afterNumber: sequenceNumberOf(found.tail) }
  const noted = leastOf(lanes.flatMap((lane) => noteIn(lane).fromMs ?? []))
  if (noted !== Infinity) return { atMs: noted }
  return start === 'latest' && lanes.length > 0 ? 'oldest' : start
}

/** A shard, from where it goes on. */
export const shardProgress = (shard: ListedShard, context: ShardContext): ShardProgress => {
  const { streamArn, createdMs } = context.stream
  const lane = laneId({ streamArn, createdMs, shardId: shard.shardId })
  const found = context.lanes.find((one) => one.lane === lane)
  const start = startOf(found, context)
  return {
    shard,
    lane,
    start,
    note: found === undefined ? {} : noteIn(found),
    iterator: undefined,
    dueMs: 0,
    pauseMs: 0,
    // Nothing of a closed shard is later than now.
    isDone: shard.isClosed && start === 'latest',
    wasAtEnd: false,
  }
}
