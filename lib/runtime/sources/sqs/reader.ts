/**
 * Reads messages of an SQS queue, each once. SQS delivers a message at least once: the same message
 * may reach two invocations at the same time, or come again days later. Intake appends all
 * deliveries to one lane. A batch takes the deliveries after the offset, and leaves out
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
import { lanesInput } from '../lanes/input.ts'
import type { LanesInput, LanesReading } from '../lanes/read-input.ts'
import { lanesReader } from '../lanes/reader.ts'
import type { LaneInput } from '../lanes/waiting-lanes.ts'
import type { InputKind, SourcePlace } from '../source-kind.ts'
import {
  type InputData,
  NOTHING_WAITS,
  type PutAside,
  type SourceInput,
  type SourceReader,
} from '../source-reader.ts'
import { MESSAGE_LANE, type SqsMessage } from './event.ts'
import { recordMessages, takenBefore } from './ledger.ts'

/** What a batch takes from a queue: deliveries. Some may be left out when they are read. */
export interface SqsInput extends SourceInput<'lanes'> {
  readonly kind: 'sqs'
  /** The batch time. Messages that were taken before it are left out. */
  readonly timeMs: number
  readonly lanes: readonly LaneInput[]
}

/** Where the deliveries of a queue are, and how much of them is held. */
type QueuePlace = Pick<LanesReading, keyof SourcePlace | 'held'>

const messageLane = (place: QueuePlace): SourceReader<LanesInput> =>
  lanesReader({ ...place, isRead: (lane) => lane === MESSAGE_LANE })

const lanesOf = (input: SqsInput): LanesInput => ({ ...input, kind: 'lanes' })

const sqsInputOf = (input: LanesInput, timeMs: number): SqsInput => ({
  ...input,
  kind: 'sqs',
  timeMs,
})

/** The reader of a source that is bound to a queue. */
export const sqsReader = (place: QueuePlace): SourceReader<SqsInput> => {
  const deliveries = messageLane(place)
  let lastRead: { readonly timeMs: number; readonly taken: ReadonlySet<string> } | undefined

  return {
    kind: 'sqs',
    parts: ['lanes'],
    isPolled: false,
    reads: (lane) => lane === MESSAGE_LANE,
    async allocate(request): Promise<SqsInput> {
      return sqsInputOf(await deliveries.allocate(request), request.timeMs)
    },
    async read(input, putAside, isRetry = false): Promise<InputData<SqsInput>> {
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
  readonly data: InputData<SqsInput>
  readonly taken: ReadonlySet<string>
}

const readMessages = async (
  place: QueuePlace,
  input: SqsInput,
  putAside: PutAside,
  isRetry: boolean,
): Promise<ReadMessages> => {
  const { input: found, ...data } = await messageLane(place).read(lanesOf(input), putAside, isRetry)
  const ids = await mapWithin(data.partitions, READ_AT_ONCE, idsOf)
  const earlier = await takenBefore(place, new Set(ids.flat()), input.timeMs)
  const taken = new Set<string>()
  const take = (id: string): boolean => {
    if (earlier.has(id) || taken.has(id)) return false
    taken.add(id)
    return true
  }
  const partitions = data.partitions.map((partition, index) => {
    const kept = (ids[index] ?? []).flatMap((id, delivery) => (take(id) ? [delivery] : []))
    return bodiesOf(partition, kept)
  })
  return {
    data: { partitions, input: sqsInputOf(found, input.timeMs), records: taken.size },
    taken,
  }
}

/** The bytes of deliveries that are read for their ids at the same time. */
const READ_AT_ONCE: WeightLimits<SourcePartition<unknown>> = {
  atOnce: 32,
  weight: 8 * 1024 * 1024,
  weightOf: ({ sizeBytes = 0 }) => sizeBytes,
}

/** The ids of deliveries. The bodies of a large batch are read again when they are needed. */
const idsOf = async (partition: SourcePartition<unknown>): Promise<readonly string[]> => {
  const { records } = await readNow(partition)
  return messagesIn(records).map(({ id }) => id)
}

const messagesIn = (records: Partition<unknown>['records']): readonly SqsMessage[] =>
  records as readonly SqsMessage[]

/** The bodies of the messages at some places. Their positions are those of the deliveries. */
const bodiesOf = (
  partition: SourcePartition<unknown>,
  kept: readonly number[],
): SourcePartition<string> => {
  const bodies = withChange(partition, ({ records, steps, origin }) => ({
    records: kept.map((index) => messagesIn(records)[index]?.body),
    steps,
    origin: origin && {
      description: origin.description,
      reject: (bad) => origin.reject({ ...bad, index: kept[bad.index] ?? bad.index }),
    },
  })) as SourcePartition<string>
  return isLazy(bodies) ? { ...bodies, recordCount: kept.length } : bodies
}

const record = async (
  place: SourcePlace,
  { timeMs, lanes }: SqsInput,
  taken: ReadonlySet<string>,
): Promise<void> => {
  const times = lanes.flatMap(({ entries }) => entries.map(({ receivedMs }) => receivedMs))
  await recordMessages(place, taken, { timeMs, receivedMs: greatestOf([0, ...times]) })
}

/** Inputs from queues. */
export const sqsInput: InputKind<SqsInput> = Object.freeze({
  name: 'sqs',
  pack: (input: SqsInput): object => ({
    ...lanesInput.pack?.(lanesOf(input)),
    kind: 'sqs',
    timeMs: input.timeMs,
  }),
  unpack: (source: string, stored: object): SqsInput => {
    const { timeMs, ...rest } = stored as { readonly timeMs: number }
    return sqsInputOf(lanesInput.unpack?.(source, rest) as LanesInput, timeMs)
  },
  skip: async (place: SourcePlace, input: SqsInput): Promise<void> =>
    record(place, input, (await readMessages(place, input, ignore, true)).taken),
  describe: (source: string, input: SqsInput) => lanesInput.describe(source, lanesOf(input)),
})
