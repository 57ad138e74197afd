/** Reads the records of a logged input, in the driver and in executors. */
import { MillraceError } from '../../base/errors.ts'
import { checkPoison } from '../../rdd/bad-records.ts'
import type { SourcePartition } from '../../rdd/partition.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'
import type { WholeInput } from '../sources/redriven.ts'
import { nounsOfInput } from '../sources/source-kind.ts'
import type { CountedPart, PutAside, SourceReader } from '../sources/source-reader.ts'
import type { BatchInput } from './batch-input.ts'
import { checkedPartition, type PartitionChecks } from './checked-partition.ts'
import { foundText } from './found.ts'
import { LazyReads } from './lazy-reads.ts'

/** What reads. */
export type Reading = Pick<Runner, 'plan' | 'sources' | 'clock'>

/** The records of an input, and the input without what is gone. */
export interface ReadRecords {
  readonly partitions: ReadonlyMap<string, readonly SourcePartition<unknown>[]>
  /** The input, or a smaller one if part of it is gone. */
  readonly input: BatchInput
  /**
   * Stands for the partitions, and for what was put aside at once. Processes in which it is the
   * same have the same tasks.
   */
  readonly found: string
  /** How many records were read so far. Lazy partitions count when they are first used. */
  readonly recordsRead: () => number
  /** The same for each source, by its id. */
  readonly countsRead: () => Readonly<Record<string, number>>
  /** Counts a partition that was read elsewhere. */
  readonly count: (part: CountedPart) => void
  /** The reads of lazy partitions. They end with the attempt. */
  readonly lazyReads: LazyReads
  /** Dead letters by source, position and operator. Running the batch may add more. */
  readonly deadLetters: ReadonlyMap<string, DeadLetter>
  /** Adds a dead letter. */
  readonly putAside: PutAside
}

/** Is told what happens when lazy partitions are used. */
export interface ReadingListener {
  readonly putAside: PutAside
  readonly counted: (part: CountedPart) => void
}

/** Reads the records of all sources. This changes nothing. `isRetry`: an attempt has failed. */
export const readRecords = async (
  runner: Reading,
  input: BatchInput,
  isRetry = false,
  listener?: ReadingListener,
): Promise<ReadRecords> => {
  const deadLetters = new Map<string, DeadLetter>()
  const putAside: PutAside = (deadLetter) => {
    const { source, position, operator = '' } = deadLetter
    deadLetters.set(`${source}#${position}#${operator}`, deadLetter)
    listener?.putAside(deadLetter)
  }
  const counts = new Map<string, number>()
  const count = (part: CountedPart): void => {
    counts.set(`${part[0]}#${part[1]}`, part[2])
    listener?.counted(part)
  }
  const { records, ...read } = await readAll(runner, input, { putAside, count, isRetry })
  const countsRead = (): Readonly<Record<string, number>> => {
    const totals = { ...records }
    for (const [part, one] of counts) {
      const source = part.slice(0, part.lastIndexOf('#'))
      totals[source] = (totals[source] ?? 0) + one
    }
    return totals
  }
  const recordsRead = (): number =>
    Object.values(countsRead()).reduce((total, one) => total + one, 0)
  const found = foundText(read.partitions, deadLetters.keys())
  return { ...read, found, deadLetters, putAside, count, recordsRead, countsRead }
}

const readAll = async (
  runner: Reading,
  input: BatchInput,
  {
    putAside,
    count,
    isRetry,
  }: Pick<ReadRecords, 'putAside' | 'count'> & Record<'isRetry', boolean>,
): Promise<
  Pick<ReadRecords, 'partitions' | 'input' | 'lazyReads'> &
    Record<'records', Readonly<Record<string, number>>>
> => {
  const partitions = new Map<string, readonly SourcePartition<unknown>[]>()
  const read: Record<string, WholeInput> = {}
  const lazyReads = new LazyReads(runner.clock)
  const { poison: limits } = runner.plan.options
  const records: Record<string, number> = {}
  let isOther = false
  for (const { id, source, taken } of sourcesOf(runner, input)) {
    const data = await withRetries(runner.clock, () => source.read(taken, putAside, isRetry))
    for (const part of data.unreadable ?? []) checkPoison({ ...part, limits }, 0, 0)
    const checks: PartitionChecks = {
      source: id,
      limits,
      reads: lazyReads,
      count: (index, some) => count([id, index, some]),
    }
    partitions.set(
      id,
      data.partitions.map((part, index) => checkedPartition(part, index, checks)),
    )
    read[id] = data.input
    isOther ||= data.isOther === true
    records[id] = data.records
  }
  const isWhole = Object.entries(read).every(([id, { objects, lost }]) => {
    const logged = input.sources[id]
    return objects === logged?.objects && lost?.length === logged?.lost?.length
  })
  const now = isWhole && !isOther ? input : { ...input, sources: { ...input.sources, ...read } }
  return { partitions, input: now, records, lazyReads }
}

/** What each source of the plan reads, in the order of the plan. */
export const sourcesOf = (
  runner: Reading,
  { timeMs, sources }: BatchInput,
): readonly {
  readonly id: string
  readonly source: SourceReader<WholeInput>
  readonly taken: WholeInput
}[] =>
  runner.plan.sources.flatMap(({ id }) => {
    const source = runner.sources.get(id)
    const taken = sources[id]
    if (source === undefined || taken === undefined) return []
    if (taken.kind === source.kind) return [{ id, source, taken }]
    throw new MillraceError('BINDING_CHANGED', {
      problem:
        `The batch at ${timeMs} ms was logged with ${nounsOfInput(taken.kind)} ` +
        `as the source ${id}, but the source is now bound to ${nounsOfInput(source.kind)}`,
      fix:
        'start once with the earlier binding to finish the batch, ' +
        'or skip the batch with millrace skip',
    })
  })
