/**
 * Redrive: gives dead letters back to the pipeline as records, each exactly once. This holds
 * whenever a process dies, and when several processes redrive at the same time (B1). For each
 * record:
 *
 * 1. Reserve: write the reservation { lane, index } by compare-and-set, if there is none.
 * 2. Append: write the record at position `index` of that lane, by compare-and-set on the tail.
 * 3. Remove: delete the dead letters of the record by name. The reservation stays.
 *
 * - A dead letter may expire, or be deleted by an operator, after its reservation. Then nobody
 *   appends its record, and the records after it are appended over the gap. A gap of which nothing
 *   is known is not one of these: there the command waits.
 * - A dead letter of a block is not removed by itself: its reservation is marked as done. The block
 *   is deleted when all of its dead letters are done.
 * - Each command has a lane of its own for each source. It reserves indices in order, and the next
 *   one only after the reservation before it was acknowledged. So the reservations of a lane are
 *   1, 2, 3, ... without a gap, and an index belongs to one record for ever.
 *   Whole files have another lane than records: it holds references, and the source reads the files
 *   again.
 * - A command appends the reserved records that directly follow the tail of the lane, each at the
 *   position of its index. So the same record gets the same position, whichever process appends it.
 *   Records at or before the tail are dropped as redelivered.
 * - Dead letters are removed when the tail has reached their index. A late write can bring a dead
 *   letter back: the write of an attempt that failed may still be on its way, for hours if its
 *   process sleeps. That is why the reservation is an item of its own and stays: a dead letter with
 *   a reservation was redriven already, and is removed once more.
 *
 * A command that dies leaves reservations. The next command appends and removes what they name. So
 * may another command at the same time, or the first one when it continues. A record on which
 * several operators threw has several dead letters and one reservation.
 *
 * Blocks are so small that their records cannot stop the line when they fail again: they are put
 * aside again (B9).
 */
import type { BatchLimits } from '../../dstream/plan.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Randomness } from '../../ports/randomness.ts'
import { HeadStore } from '../../state/head.ts'
import { isAfter } from '../../state/lane-entries.ts'
import { recordOf } from '../../state/dead-letters.ts'
import { startOfDay } from '../../state/item-keys.ts'
import { Intake } from '../intake/intake.ts'
import {
  byRecord,
  type DeadLettersOfRecord,
  readDeadLetters,
  type StoredDeadLetter,
  ttlOfMarks,
} from '../../state/dead-letter-reader.ts'
import { type DeadLetterFilter, matches, type Obstacle, obstacleTo } from './filter.ts'
import { LostRecords } from './lost-records.ts'
import { removeLetters } from './remove.ts'
import {
  FILES_AGAIN_MAX,
  isRedriveLaneOfFiles,
  type Redrivable,
  redriveLane,
} from './redrive-lanes.ts'
import { withRetries } from '../retry.ts'

/** What a redrive works with. */
export interface RedriveParts {
  readonly store: ItemStore
  readonly app: string
  readonly clock: Clock
  readonly randomness: Randomness
  /** Called when the redrive has woken the head: the driver must be called then. */
  readonly woke?: () => void
}

/** Which records to redrive. */
export interface RedriveRequest extends DeadLetterFilter {
  /** The largest number of records. Default: all. */
  readonly limit?: number
}

/** What a redrive did. */
export interface Redriven {
  /** Records of this command. */
  readonly records: number
  /** Records of earlier commands that did not finish. */
  readonly finished: number
  /** Number of records that match but cannot be redriven, by reason. */
  readonly left: Readonly<Partial<Record<Obstacle, number>>>
}

/** Records in one block. So few that they are never most of a part, whatever `poison` says. */
const BLOCK_RECORDS_MAX = 10

/** Intake merges neighbouring blocks into one entry, up to this number of records and bytes. */
const LIMITS: Readonly<Record<Redrivable, BatchLimits>> = {
  records: { records: 8_000, bytes: 8 * 1024 * 1024, objects: 1 },
  // A batch takes whole entries, and a file may be large.
  wholeFiles: { records: FILES_AGAIN_MAX, bytes: 8 * 1024 * 1024, objects: 1 },
}

/**
 * Redrives all records that match and can be redriven.
 *
 * @throws MillraceError `LANE_FULL` (retryable) while batches do not run, and the errors of the
 * store. After an error, the same command continues with the rest.
 */
export const redrive = async (parts: RedriveParts, request: RedriveRequest): Promise<Redriven> =>
  new Redrive(parts).run(request)

class Redrive {
  readonly #parts: RedriveParts
  readonly #lanes: Readonly<Record<Redrivable, string>>
  readonly #reserved = new Map<string, number>()
  readonly #intakes = new Map<string, Intake>()

  constructor(parts: RedriveParts) {
    this.#parts = parts
    const command = parts.randomness.attemptId()
    this.#lanes = {
      records: redriveLane(command, 'records'),
      wholeFiles: redriveLane(command, 'wholeFiles'),
    }
  }

  async run(request: RedriveRequest): Promise<Redriven> {
    const { store, app } = this.#parts
    const sources = await this.#sourcesOf(request)
    const lost = new LostRecords()
    const left: Partial<Record<Obstacle, number>> = {}
    const reservedEarlier: DeadLettersOfRecord[] = []
    const chosen: DeadLettersOfRecord[] = []
    const again: DeadLettersOfRecord[] = []
    let records = 0
    for await (const record of byRecord(
      readDeadLetters(store, app, {
        fromMs: startOfDay(request.fromMs),
        toMs: request.toMs,
        first: 'oldest',
        isDoneToo: true,
        onReservations: (reservations) => lost.reserved(reservations),
      }),
    )) {
      // A lane of a source that is gone would be read by nobody.
      const isGone = sources?.includes(record[0].source) === false
      if (record[0].reservation !== undefined) {
        if (record[0].reservation.isDone) again.push(record)
        else if (!isGone) reservedEarlier.push(record)
        lost.found(record[0].reservation)
      }
      if (
        record[0].reservation !== undefined ||
        !matches(record, request) ||
        records + chosen.length >= (request.limit ?? Infinity)
      )
        continue
      const obstacle = obstacleTo(record, {
        ...request,
        ...(sources === undefined ? {} : { sources }),
      })
      if (obstacle === undefined) chosen.push(record)
      else left[obstacle] = (left[obstacle] ?? 0) + 1
      if (chosen.length >= BLOCK_RECORDS_MAX) records += await this.#redrive(chosen.splice(0))
    }
    records += await this.#redrive(chosen)
    // A block that was written late, after its dead letters were redriven.
    await this.#remove(again.flat())
    const finished = again.length + (await this.#finish(reservedEarlier, lost))
    return { records, finished, left }
  }

  /**
   * The sources that a record can go back to: those of the plan that runs, and not of a deployment
   * that no driver has adopted yet.
   */
  async #sourcesOf({ sources }: RedriveRequest): Promise<readonly string[] | undefined> {
    const { store, app, clock } = this.#parts
    const head = await withRetries(clock, () => new HeadStore(store, app).read())
    if (head === undefined || sources === undefined) return head?.sources ?? sources
    return sources.filter((source) => head.sources.includes(source))
  }

  /** Reserves, appends and removes. Returns the number of records that this command reserved. */
  async #redrive(records: readonly DeadLettersOfRecord[]): Promise<number> {
    const reserved: DeadLettersOfRecord[] = []
    for (const record of records) {
      const first = await this.#reserve(record[0])
      if (first !== undefined) reserved.push([first, ...record.slice(1)])
    }
    await this.#finish(reserved)
    return reserved.length
  }

  /** Undefined: another command has reserved the record. */
  async #reserve(deadLetter: StoredDeadLetter): Promise<StoredDeadLetter | undefined> {
    const { store, clock } = this.#parts
    const lane = this.#lanes[deadLetter.form === 'file' ? 'wholeFiles' : 'records']
    const { source } = deadLetter
    const counter = `${source}#${lane}`
    const reservation = { lane, index: (this.#reserved.get(counter) ?? 0) + 1 }
    const item = { ...reservation, source, ...ttlOfMarks(deadLetter) }
    const answer = await withRetries(clock, () =>
      store.compareAndSet(deadLetter.reservationKey, 'absent', item),
    )
    // A refusal that shows this same reservation is a success whose answer was lost.
    const isMine =
      answer.swapped ||
      (answer.current?.['lane'] === reservation.lane &&
        answer.current['index'] === reservation.index)
    if (!isMine) return undefined
    this.#reserved.set(counter, reservation.index)
    return { ...deadLetter, reservation: { ...reservation, source, isDone: false } }
  }

  /**
   * Appends reserved records, lane by lane, and removes the dead letters of records that are in
   * their lane. Returns the number of these records.
   */
  async #finish(
    records: readonly DeadLettersOfRecord[],
    lost: LostRecords = new LostRecords(),
  ): Promise<number> {
    const lanes = Map.groupBy(
      records,
      ([{ source, reservation }]) => `${source}#${reservation?.lane}`,
    )
    let finished = 0
    for (const [first, ...others] of lanes.values())
      if (first !== undefined) finished += await this.#finishLane([first, ...others], lost)
    return finished
  }

  async #finishLane(
    reserved: readonly [DeadLettersOfRecord, ...DeadLettersOfRecord[]],
    lost: LostRecords,
  ): Promise<number> {
    const [[{ source, reservation }]] = reserved
    const lane = reservation?.lane as string
    const records = reserved.toSorted((a, b) => indexOf(a) - indexOf(b))
    const intake = this.#intakeOf(source, isRedriveLaneOfFiles(lane) ? 'wholeFiles' : 'records')
    const gone = lost.of(source, lane)
    const run = recordsToAppend(records, await intake.tail(lane), gone)
    // Also if nothing is left to append: the process that appended may have died before it woke the
    // head (B12).
    for (const part of inParts(run)) await intake.append({ lane, records: part.map(withPositions) })
    const tail = await intake.tail(lane)
    const there = records.filter((record) => !isAfter(String(indexOf(record)), tail))
    await this.#remove(there.flat())
    return there.length
  }

  async #remove(deadLetters: readonly StoredDeadLetter[]): Promise<void> {
    await removeLetters(this.#parts, deadLetters)
  }

  #intakeOf(source: string, holds: Redrivable): Intake {
    const name = `${source}#${holds}`
    const intake =
      this.#intakes.get(name) ?? new Intake({ ...this.#parts, source, limits: LIMITS[holds] })
    this.#intakes.set(name, intake)
    return intake
  }
}

const indexOf = ([{ reservation }]: DeadLettersOfRecord): number => reservation?.index ?? 0

/**
 * The reserved records that follow the tail without a gap, except for records that are gone. A gap
 * is possible: a process that reads while others reserve may see a later reservation and miss an
 * earlier one.
 */
const recordsToAppend = (
  records: readonly DeadLettersOfRecord[],
  tail: string,
  gone: ReadonlySet<number>,
): readonly DeadLettersOfRecord[] => {
  const afterTail = records.filter((record) => isAfter(String(indexOf(record)), tail))
  let next = Number(tail) + 1
  const end = afterTail.findIndex((record) => {
    while (gone.has(next)) next += 1
    return indexOf(record) !== next++
  })
  return end === -1 ? afterTail : afterTail.slice(0, end)
}

/** Splits records into parts. There is always at least one part. */
const inParts = (
  run: readonly DeadLettersOfRecord[],
): readonly (readonly DeadLettersOfRecord[])[] =>
  Array.from({ length: Math.max(1, Math.ceil(run.length / BLOCK_RECORDS_MAX)) }, (_, part) =>
    run.slice(part * BLOCK_RECORDS_MAX, (part + 1) * BLOCK_RECORDS_MAX),
  )

const withPositions = (
  record: DeadLettersOfRecord,
): { readonly position: string; readonly record: unknown } => {
  const [{ form, data }] = record
  return {
    position: String(indexOf(record)),
    record: form === undefined ? undefined : recordOf(form, data),
  }
}
