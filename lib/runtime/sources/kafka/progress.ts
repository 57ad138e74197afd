/**
 * How far the partitions of a topic have been read, by this process. The lanes are the truth: a
 * partition goes on at the tail of its lane. Nothing here is stored.
 */
import { MillraceError } from '../../../base/errors.ts'
import type { TopicReader, Positions } from '../../../ports/topic-reader.ts'
import type { Lane } from '../../../state/lanes.ts'
import type { LaneSink } from '../lane-feed.ts'
import { laneOf, lifeOf, partitionOf, type PartitionName } from './lanes.ts'
import { nextAfter, tailBefore } from './records.ts'

/** A partition that is being read. */
export interface Progress {
  readonly name: PartitionName
  /** The next offset. */
  next: number
}

/** What a topic was when it was last described. */
export interface KnownTopic {
  readonly topic: string
  readonly id: string
}

/** Where to start in partitions without a lane. */
export interface StartParts {
  readonly client: TopicReader
  readonly known: KnownTopic
  /** Undefined: at the beginning. */
  readonly startMs: number | undefined
}

/**
 * Finds out where partitions go on. Those without a lane start where the source says it. But a
 * partition that was added later, or that nobody served at first, starts at its beginning: what is
 * too old of it is left out record by record. One that nobody serves now is not in the result.
 */
export const progressOf = async (
  partitions: readonly number[],
  lanes: readonly Lane[],
  { client, known: { topic, id }, startMs }: StartParts,
): Promise<readonly Progress[]> => {
  const names = lanes.map(({ lane }) => lane)
  const nexts = new Map(lanes.map(({ lane, tail }) => [lane, nextAfter(tail)]))
  const isFirst = !names.some((lane) => isLaneOf(lane, { topic, id }))
  let starts: Positions | undefined
  const found: Progress[] = []
  for (const partition of partitions) {
    const life = lifeOf({ topic, id, partition }, names)
    const name = { topic, life, id, partition }
    let next = nexts.get(laneOf(name))
    if (next === undefined) {
      const at = isFirst && startMs !== undefined ? { timeMs: startMs } : ('first' as const)
      starts ??= await client.offsets(at)
      next = starts.get(partition)
    }
    if (next !== undefined) found.push({ name, next })
  }
  return found
}

const isLaneOf = (lane: string, { topic, id }: KnownTopic): boolean => {
  const name = partitionOf(lane)
  return name?.topic === topic && name.id === id
}

/** Whether lanes hold records of another topic of this name, and none of this one. */
export const isReplaced = (known: KnownTopic, lanes: readonly Lane[]): boolean => {
  const ofName = lanes.filter(({ lane }) => partitionOf(lane)?.topic === known.topic)
  return ofName.length > 0 && !ofName.some(({ lane }) => isLaneOf(lane, known))
}

/** The error for a run that must end when a topic was replaced. */
export const replacedError = ({ topic }: KnownTopic): MillraceError =>
  new MillraceError('STREAM_REPLACED', {
    problem: 'The topic was deleted and created again, or is in another cluster now',
    value: topic,
    fix: 'leave out failOnDataLoss, and the run goes on with the new topic from its beginning',
  })

/** Records that were gone before they were read. */
interface Gap {
  readonly name: PartitionName
  readonly from: number
  /** The first offset that is there again. */
  readonly to: number
}

const textOf = ({ name, from, to }: Gap): string =>
  `offsets ${from} to ${to - 1} of partition ${name.partition} of ${name.topic} ` +
  'were deleted before they were read'

/** Stores a notice of what is gone, as a dead letter at the last position of the gap. */
const storeGap = async (source: string, sink: LaneSink, gap: Gap): Promise<void> => {
  const lane = laneOf(gap.name)
  const data = Buffer.from(textOf(gap))
  const position = tailBefore(gap.to)
  await sink.store({
    lane,
    records: [],
    rejected: [
      {
        source,
        position: `${lane}#${position}`,
        code: 'RECORDS_EXPIRED',
        message: textOf(gap),
        data: new Uint8Array(data),
        sizeBytes: data.byteLength,
      },
    ],
    last: position,
  })
}

const expiredError = (gap: Gap): MillraceError =>
  new MillraceError('RECORDS_EXPIRED', {
    problem: 'Records of a topic were deleted before they were read',
    value: textOf(gap),
    fix:
      'leave out failOnDataLoss, and the run goes on without them; ' +
      'let the topic keep its records for longer',
  })

/** What is needed to go on after an offset that the partition does not have. */
export interface OutOfRangeParts {
  /** The id of the source node. */
  readonly source: string
  readonly client: TopicReader
  readonly sink: LaneSink
  readonly failOnDataLoss: boolean
}

/**
 * Where a partition goes on that does not have the next offset. If it begins later, the records
 * between are gone. If it ends earlier, it has lost its end, which happens when a broker without
 * the last records becomes its leader. Then its offsets come again with other records, which go
 * into a lane of the next life.
 */
export const afterOutOfRange = async (
  { name, next }: Progress,
  { source, client, sink, failOnDataLoss }: OutOfRangeParts,
): Promise<Progress> => {
  const first = (await client.offsets('first')).get(name.partition)
  // Nobody serves it any more. Once somebody does, it is found out again.
  if (first === undefined) return { name, next }
  if (next < first) {
    const gap = { name, from: next, to: first }
    if (failOnDataLoss) throw expiredError(gap)
    await storeGap(source, sink, gap)
    return { name, next: first }
  }
  const end = (await client.offsets('end')).get(name.partition)
  if (end === undefined || next <= end) return { name, next }
  sink.report(
    `partition ${name.partition} of ${name.topic} has lost its end: ` +
      `it goes on at offset ${end}, and was read up to ${next}`,
  )
  const again = { name: { ...name, life: name.life + 1 }, next: end }
  // Whoever finds this out later does not know any more where it ended.
  await sink.store({ lane: laneOf(again.name), records: [], last: tailBefore(end) })
  return again
}
