import { rddOfPartitions, RDD } from '../../../rdd/rdd.ts'
import type { Queue, QueueSource } from '../../../dstream/source-declaration.ts'
import { MillraceError } from '../../../base/errors.ts'
import type { SegmentRef } from '../../../state/segments.ts'
import type { SourceReader, SourceInput, InputData, InputRequest } from '../source-reader.ts'

export interface QueueInput extends SourceInput {
  readonly kind: 'queue'
  /** The queue entries of the batch, counted from the first entry ever. */
  readonly from: number
  readonly to: number
  /** The process that has them in memory. */
  readonly process: string
}

/**
 * The source of a queueStream. Entries leave the user's array when a batch takes them and are kept until the next batch takes some, so that
 * the same batch can be tried again in this process. Another process has another queue, and says so.
 */
export const queueReader = (
  { queue, oneAtATime, whenEmpty }: QueueSource,
  process: string,
): SourceReader<QueueInput> => {
  let taken: Queue<unknown> = []
  let takenFrom = 0

  const checkProcess = (cut: InputRequest['cut'] | QueueInput): void => {
    if (cut === undefined || cut['process' as keyof typeof cut] === process) return
    throw new MillraceError('QUEUE_NOT_RECOVERABLE', {
      problem:
        'This store was written by an earlier run with a queueStream, whose queue was in the memory of that run',
      fix: 'use a source that can be read again, or start on a new store',
    })
  }

  return {
    kind: 'queue',
    async allocate({ cut }: InputRequest): Promise<QueueInput> {
      checkProcess(cut)
      const from = (cut?.['to'] as number | undefined) ?? 0
      // A batch that was allocated but never logged gives its entries back by being asked again for the same place.
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
        cut: { to, process },
      }
    },
    async read(slice: QueueInput): Promise<InputData<QueueInput>> {
      checkProcess(slice)
      // Without another choice, Spark's queueStream gives one empty partition for an empty queue.
      const entries = slice.from === slice.to ? [whenEmpty ?? []] : taken
      const rdds = entries.map((entry) =>
        entry instanceof RDD
          ? (entry as RDD<unknown>)
          : rddOfPartitions([{ records: entry, steps: [] }]),
      )
      const partitions = (await Promise.all(rdds.map((rdd) => rdd.partitions()))).flat()
      return {
        partitions: partitions.map((records) => ({ records, steps: [] })),
        slice,
        records: partitions.reduce((total, records) => total + records.length, 0),
      }
    },
    async waiting(): Promise<number | undefined> {
      return queue.length > 0 ? -Infinity : undefined
    },
    blocks: (): readonly SegmentRef[] => [],
  }
}
