import { MillraceError } from '../../../base/errors.ts'
import type { Queue, QueueDeclaration } from '../../../dstream/sources/queue.ts'
import { RDD, rddOfPartitions } from '../../../rdd/rdd.ts'
import type { SegmentRef } from '../../../state/segments.ts'
import type { InputKind } from '../source-kind.ts'
import type { InputData, SourceInput, SourceReader } from '../source-reader.ts'

/** What a batch takes from a queue. */
export interface QueueInput extends SourceInput<'queue'> {
  readonly kind: 'queue'
  /** The range of the entries of the batch, counted from the first entry ever. */
  readonly from: number
  readonly to: number
  /** The process that has the entries in memory. */
  readonly process: string
}

/**
 * The reader of a queueStream. Entries leave the array of the user when a batch takes them. The
 * reader keeps them until the next batch takes some, so that this process can try the same batch
 * again. The reader in another process refuses the batch, because its queue is another one.
 */
export const queueReader = (
  { queue, oneAtATime, whenEmpty }: QueueDeclaration,
  process: string,
): SourceReader<QueueInput> => {
  let taken: Queue<unknown> = []
  let takenFrom = 0

  const checkProcess = (owner: string | undefined): void => {
    if (owner === undefined || owner === process) return
    throw new MillraceError('QUEUE_NOT_RECOVERABLE', {
      problem:
        'This store was written by an earlier run with a queueStream, ' +
        'and the queue was in the memory of that run',
      fix: 'use a source that can be read again, or start on a new store',
    })
  }

  return {
    kind: 'queue',
    parts: ['queue'],
    isPolled: true,
    async allocate({ offsets: { queue: before } }): Promise<QueueInput> {
      checkProcess(before?.process)
      const from = before?.taken ?? 0
      // If a batch was allocated but never logged, its entries are allocated again.
      if (takenFrom !== from || taken.length === 0) {
        taken = queue.splice(0, oneAtATime ? 1 : queue.length)
        takenFrom = from
      }
      const to = from + taken.length
      const records = taken.reduce(
        (total, entry) => total + (entry instanceof RDD ? 0 : entry.length),
        0,
      )
      return {
        kind: 'queue',
        from,
        to,
        process,
        records,
        bytes: 0,
        objects: 0,
        offsets: { queue: { taken: to, process } },
      }
    },
    async read(input: QueueInput): Promise<InputData<QueueInput>> {
      checkProcess(input.process)
      // As in Spark, an empty queue gives one empty partition, unless `whenEmpty` is set.
      const entries = input.from === input.to ? [whenEmpty ?? []] : taken
      const rdds = entries.map((entry) =>
        entry instanceof RDD
          ? (entry as RDD<unknown>)
          : rddOfPartitions([{ records: entry, steps: [] }]),
      )
      const partitions = (await Promise.all(rdds.map((rdd) => rdd.partitions()))).flat()
      return {
        partitions: partitions.map((records) => ({ records, steps: [] })),
        input,
        records: partitions.reduce((total, records) => total + records.length, 0),
      }
    },
    async waiting(): Promise<number | undefined> {
      return queue.length > 0 ? -Infinity : undefined
    },
    blocks: (): readonly SegmentRef[] => [],
  }
}

/** Inputs from queues. */
export const queueInput: InputKind<QueueInput> = Object.freeze({
  name: 'queue',
  describe: (source: string, { records }: QueueInput) => [`${records} records of ${source}`],
})
