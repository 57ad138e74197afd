/**
 * Reads messages that have ids, each once: those of a queue or of a broker, or requests with a key.
 * A message is delivered at least once: the same one may reach two invocations at the same time, or
 * come again days later. Intake appends all deliveries to lanes. A batch takes the deliveries
 * after the offsets, and leaves out
 *
 * 1. a delivery whose message an earlier batch has taken, according to the ledger,
 * 2. a delivery whose message came earlier in the same batch.
 *
 *   allocate -> log -> read: look up the ids -> outputs -> record the ids taken -> commit
 *
 * Why a crash neither loses nor duplicates a message:
 * - The ids are recorded before the commit. So when a batch is logged, the ledger contains
 *   everything that earlier batches took, and these entries do not change any more.
 * - Entries of the batch itself do not count. Suppose an attempt dies after it has recorded its
 *   ids. The next attempt leaves out the same deliveries and gives the same records (B3). So the
 *   logged input needs only the batch time.
 * - A message that is left out is not recorded again: its entry keeps the earlier time.
 */
import { mapWithin, type WeightLimits } from '../../../base/concurrency.ts'
import { greatestOf } from '../../../base/extremes.ts'
import {
  isLazy,
  type Partition,
  readNow,
  type SourcePartition,
  withChange,
} from '../../../rdd/partition.ts'
import type { InputKind, SourcePlace } from '../source-kind.ts'
import {
  type InputData,
  NOTHING_WAITS,
  type PutAside,
  type SourceInput,
  type SourceReader,
} from '../source-reader.ts'
import { lanesInput } from './input.ts'
import { recordMessages, takenBefore } from './message-ledger.ts'
import type { LanesInput, LanesReading } from './read-input.ts'
import { lanesReader } from './reader.ts'
import type { LaneInput } from './waiting-lanes.ts'

/** A message as it is stored in a lane. */
export interface LaneMessage {
  /** The same in each delivery of the message. Left out: every delivery counts. */
  readonly id?: string
  /** The element. */
  readonly body: unknown
  /**
   * Its place in a message that holds several elements, from 0. They are stored in one append, one
   * after the other, so they are in one batch. Left out: 0.
   */
  readonly part?: number
}

/** What a batch takes: deliveries. Some may be left out when they are read. */
export interface MessagesInput extends SourceInput<'lanes'> {
  // The first source that had messages. The name is in stores.
  readonly kind: 'sqs'
  /** The batch time. Messages that were taken before it are left out. */
  readonly timeMs: number
  readonly lanes: readonly LaneInput[]
}

/** Where the deliveries are, and how much of them is held. */
interface MessagesPlace extends Pick<LanesReading, keyof SourcePlace | 'held'> {
  /** Whether a lane holds messages of the source. */
  readonly isRead: (lane: string) => boolean
}

const lanesOf = (input: MessagesInput): LanesInput => ({ ...input, kind: 'lanes' })

const messagesInputOf = (input: LanesInput, timeMs: number): MessagesInput => ({
  ...input,
  kind: 'sqs',
  timeMs,
})

/** The reader of a source of messages. */
export const messagesReader = (place: MessagesPlace): SourceReader<MessagesInput> => {
  const deliveries = lanesReader(place)
  let lastRead: { readonly timeMs: number; readonly taken: ReadonlySet<string> } | undefined

  return {
    kind: 'sqs',
    parts: ['lanes'],
    isPolled: false,
    reads: place.isRead,
    async allocate(request): Promise<MessagesInput> {
      return messagesInputOf(await deliveries.allocate(request), request.timeMs)
    },
    async read(input, putAside, isRetry = false): Promise<InputData<MessagesInput>> {
      const { data, taken } = await readMessages(place, input, putAside, isRetry)
      lastRead = { timeMs: input.timeMs, taken }
      return data
    },
    async recordTaken(input, timeMs): Promise<void> {
      const read =
        lastRead?.timeMs === timeMs ? lastRead : await readMessages(place, input, ignore, true)
      await record(place, input, read.taken)
    },
    behind: () => deliveries.behind?.() ?? NOTHING_WAITS,
    // There is no `lanes`: the reader of redrives would get these lanes and read them too.
    waiting: (request) => deliveries.waiting(request),
    takenInMs: async (offsets) => deliveries.takenInMs?.(offsets),
    blocks: (input) => deliveries.blocks(lanesOf(input)),
  }
}

const ignore: PutAside = () => undefined

/** The records of an input, and the ids of their messages. */
interface ReadMessages {
  readonly data: InputData<MessagesInput>
  readonly taken: ReadonlySet<string>
}

const readMessages = async (
  place: Omit<MessagesPlace, 'isRead'>,
  input: MessagesInput,
  putAside: PutAside,
  isRetry: boolean,
): Promise<ReadMessages> => {
  const lanes = lanesReader(place)
  const { input: found, ...data } = await lanes.read(lanesOf(input), putAside, isRetry)
  const names = await mapWithin(data.partitions, READ_AT_ONCE, namesOf)
  const ids = names.flat().flatMap(({ id }) => id ?? [])
  const earlier = await takenBefore(place, new Set(ids), input.timeMs)
  const { take, taken } = choice(earlier)
  let records = 0
  const partitions = data.partitions.map((partition, index) => {
    const kept = (names[index] ?? []).flatMap((name, delivery) => (take(name) ? [delivery] : []))
    records += kept.length
    return bodiesOf(partition, kept)
  })
  return { data: { partitions, input: messagesInputOf(found, input.timeMs), records }, taken }
}

type MessageName = Omit<LaneMessage, 'body'>

/** Decides which deliveries count, in their order. The first part decides for all parts. */
const choice = (
  earlier: ReadonlySet<string>,
): { readonly take: (name: MessageName) => boolean; readonly taken: ReadonlySet<string> } => {
  const taken = new Set<string>()
  let isTaken = true
  const take = ({ id, part = 0 }: MessageName): boolean => {
    if (part > 0) return isTaken
    isTaken = id === undefined || (!earlier.has(id) && !taken.has(id))
    if (isTaken && id !== undefined) taken.add(id)
    return isTaken
  }
  return { take, taken }
}

/** The bytes of deliveries that are read for their ids at the same time. */
const READ_AT_ONCE: WeightLimits<SourcePartition<unknown>> = {
  atOnce: 32,
  weight: 8 * 1024 * 1024,
  weightOf: ({ sizeBytes = 0 }) => sizeBytes,
}

/** The ids of deliveries. The bodies of a large batch are read again when they are needed. */
const namesOf = async (partition: SourcePartition<unknown>): Promise<readonly MessageName[]> => {
  const { records } = await readNow(partition)
  return messagesIn(records).map(({ id, part }) => ({
    ...(id === undefined ? {} : { id }),
    ...(part === undefined ? {} : { part }),
  }))
}

const messagesIn = (records: Partition<unknown>['records']): readonly LaneMessage[] =>
  records as readonly LaneMessage[]

/** The bodies of the messages at some places. Their positions are those of the deliveries. */
const bodiesOf = (
  partition: SourcePartition<unknown>,
  kept: readonly number[],
): SourcePartition<unknown> => {
  const bodies = withChange(partition, ({ records, steps, origin, lane }) => ({
    lane,
    records: kept.map((index) => messagesIn(records)[index]?.body),
    steps,
    origin: origin && {
      description: origin.description,
      reject: (bad) => origin.reject({ ...bad, index: kept[bad.index] ?? bad.index }),
    },
  }))
  return isLazy(bodies) ? { ...bodies, recordCount: kept.length } : bodies
}

const record = async (
  place: SourcePlace,
  { timeMs, lanes }: MessagesInput,
  taken: ReadonlySet<string>,
): Promise<void> => {
  const times = lanes.flatMap(({ entries }) => entries.map(({ receivedMs }) => receivedMs))
  await recordMessages(place, taken, { timeMs, receivedMs: greatestOf([0, ...times]) })
}

/** Inputs of messages. */
export const messagesInput: InputKind<MessagesInput> = Object.freeze({
  name: 'sqs',
  pack: (input: MessagesInput): object => ({
    ...lanesInput.pack?.(lanesOf(input)),
    kind: 'sqs',
    timeMs: input.timeMs,
  }),
  unpack: (source: string, stored: object): MessagesInput => {
    const { timeMs, ...rest } = stored as { readonly timeMs: number }
    return messagesInputOf(lanesInput.unpack?.(source, rest) as LanesInput, timeMs)
  },
  skip: async (place: SourcePlace, input: MessagesInput): Promise<void> =>
    record(place, input, (await readMessages(place, input, ignore, true)).taken),
  describe: (source: string, input: MessagesInput) => lanesInput.describe(source, lanesOf(input)),
  note: (input: MessagesInput, nowMs: number) => lanesInput.note?.(lanesOf(input), nowMs) ?? {},
})
