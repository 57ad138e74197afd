/**
 * Writes rows of batches to a table of a database with transactions. A table of our own, beside
 * the user's, has the fence: one row for each output, and one for each partition of its last batch.
 *
 *   open       one transaction: the row of the output is locked, compared and raised
 *   write(p)   one transaction: the row of the output is locked for reading, and compared; then
 *              the rows of the partition, and the row of the partition
 *
 * 1. An attempt that is older, or of an older batch, than what the row of the output says changes
 *    nothing: it waits for the lock of a newer `open`, or the newer `open` waits for it.
 * 2. The row of the output is what refuses, not those of partitions: their number may change.
 * 3. With `upsert`, the same partition again writes the same rows again.
 * 4. With `append`, a partition whose row says this batch is done: it is not added again. If the
 *    plan is another one by now, what is there must be equal. If it is not, the rows of the batch
 *    are replaced, if a column has the batch time. Otherwise that is an error, and never a double.
 */
import { MillraceError } from '../../base/errors.ts'
import { type Fence, isOlderFence } from '../../ports/fence.ts'
import type { OpenBatch, Sink } from '../../ports/sink.ts'
import type { Row } from '../../rdd/sink-declaration.ts'
import type { TableSettings } from './row-settings.ts'
import { digestOf, type RowGroup, rowGroups } from './rows.ts'

/** The partition of the fence of a whole output. */
export const WHOLE = -1

/** A row of the table of fences. */
export interface FenceRow extends Fence {
  /** The table of the output, as the pipeline names it. */
  readonly output: string
  /** {@link WHOLE}, or the number of the partition. */
  readonly part: number
  readonly timeMs: number
  /** How many rows the partition has, and what they are. */
  readonly rows: number
  readonly digest: string
}

/** What can be done in one transaction. */
export interface RowSession {
  /** The fence of a whole output: `given` if there is none. Nobody else can read it now. */
  claim(given: FenceRow): Promise<FenceRow>
  /** A fence. That of a whole output is locked: it does not change before this transaction ends. */
  fence(output: string, part: number): Promise<FenceRow | undefined>
  putFence(row: FenceRow): Promise<void>
  /** The fences of all partitions of an output from one number on. */
  partFences(output: string, from: number): Promise<readonly FenceRow[]>
  removePartFences(output: string): Promise<void>
  /** Removes the rows whose column has this batch time. */
  removeBatch(table: string, column: string, timeMs: number): Promise<void>
  write(group: RowGroup, settings: TableSettings): Promise<void>
}

/** A database with transactions. */
export interface RowDatabase {
  /** Its name in messages: without a password. */
  readonly description: string
  /**
   * Runs work in one transaction: all of it happens, or nothing. The work may run several times.
   *
   * @throws MillraceError `OUTPUT_FAILED`.
   */
  transaction<T>(work: (session: RowSession) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** One attempt at one batch of one table. */
interface Stamp extends Fence {
  readonly output: string
  readonly timeMs: number
}

const stampRow = (stamp: Stamp, part = WHOLE, rows = 0, digest = ''): FenceRow => ({
  ...stamp,
  part,
  rows,
  digest,
})

const checkFence = (there: FenceRow, stamp: Stamp): void => {
  if (there.app !== stamp.app)
    throw new MillraceError('OUTPUT_EXISTS', {
      problem: `Another application, ${there.app}, writes to this table`,
      value: stamp.output,
      fix:
        'use a table for each application. If the application has another name now, change the ' +
        'name in the rows of the table in millrace_fences',
    })
  if (!isOlderFence(stamp, there) && stamp.timeMs >= there.timeMs) return
  throw new MillraceError('OUTPUT_FENCED', {
    problem:
      'A newer attempt has written to this table: ' +
      `batch ${there.timeMs}, generation ${there.generation}, epoch ${there.epoch}`,
    value: stamp.output,
    allowed: 'only the same or a newer batch and attempt may write',
    fix:
      'nothing to do if another process continues. If the application has started again with an ' +
      'empty store, delete the rows of the table from millrace_fences',
  })
}

const doneByOtherCode = (stamp: Stamp, part: number): MillraceError =>
  new MillraceError('OUTPUT_EXISTS', {
    problem:
      `Other code has added partition ${part} of the batch at ${stamp.timeMs} ms already, ` +
      'with other rows',
    value: stamp.output,
    fix:
      'run the earlier code until the batch is done, or skip it with millrace skip. To let ' +
      'such rows be replaced, give the sink a column: { batchTime: "batch_time" }',
  })

/** Raises the fence of an output. What other code has begun of the same batch is removed. */
const claimOutput = async (
  session: RowSession,
  stamp: Stamp,
  { table, mode, batchTime }: TableSettings,
): Promise<void> => {
  const there = await session.claim(stampRow(stamp))
  checkFence(there, stamp)
  const isSameBatch = there.timeMs === stamp.timeMs
  const isOtherCode = there.generation !== stamp.generation
  if (isSameBatch && isOtherCode && mode === 'append' && batchTime !== undefined) {
    await session.removeBatch(table, batchTime, stamp.timeMs)
    await session.removePartFences(stamp.output)
  }
  if (!isSameBatch) await session.removePartFences(stamp.output)
  await session.putFence(stampRow(stamp))
}

const writePartition = async (
  session: RowSession,
  stamp: Stamp,
  part: number,
  rows: readonly Row[],
  settings: TableSettings,
): Promise<void> => {
  const whole = await session.fence(stamp.output, WHOLE)
  if (whole === undefined)
    throw new MillraceError('OUTPUT_FENCED', {
      problem: 'The fence of this output was removed while it was written',
      value: stamp.output,
    })
  checkFence(whole, stamp)
  if (settings.mode === 'append') {
    const done = await session.fence(stamp.output, part)
    const digest = digestOf(rows)
    if (done?.timeMs === stamp.timeMs) {
      if (done.generation === stamp.generation || done.digest === digest) return
      throw doneByOtherCode(stamp, part)
    }
    await session.putFence(stampRow(stamp, part, rows.length, digest))
  }
  for (const group of rowGroups(rows, settings, stamp.timeMs)) await session.write(group, settings)
}

/** A partition that only other code had. */
const checkRest = async (session: RowSession, stamp: Stamp, count: number): Promise<void> => {
  const rest = await session.partFences(stamp.output, count)
  const stray = rest.find(({ timeMs, rows }) => timeMs === stamp.timeMs && rows > 0)
  if (stray !== undefined) throw doneByOtherCode(stamp, stray.part)
}

/**
 * A {@link Sink} of rows in a table. A partition is written whole or not at all. A batch is not
 * atomic: readers see its partitions one after the other.
 *
 * Other errors than those of the port: none.
 */
export const rowSink = (database: RowDatabase): Sink<readonly Row[]> => ({
  description: database.description,
  isAtomic: false,
  async open({ timeMs, settings: given }, { app, generation, epoch }) {
    const settings = given as TableSettings
    const stamp: Stamp = { app, generation, epoch, timeMs, output: settings.table }
    await database.transaction((session) => claimOutput(session, stamp, settings))
    let count = 0
    const batch: OpenBatch<readonly Row[]> = {
      async write(part, rows) {
        count = Math.max(count, part + 1)
        await database.transaction((session) =>
          writePartition(session, stamp, part, rows, settings),
        )
      },
      async finish() {
        if (settings.mode === 'append')
          await database.transaction((session) => checkRest(session, stamp, count))
        return undefined
      },
      abandon: async () => undefined,
    }
    return batch
  },
  close: () => database.close(),
})
