/**
 * Gives records that were put aside back to the pipeline, each once, whatever dies and however many
 * do it at the same time (B1).
 *
 *   mark { lane, index } --append--> position `index` of that lane --remove--> the letter is gone, its mark stays
 *   put if there is none     by compare-and-set on                     by name
 *                            the lane's tail
 *
 * - Each command has a lane of its own for each source, and gives out its indices in order, the
 *   next one only when the mark is acknowledged.
 *   So the marks of a lane are 1, 2, 3, ... without a gap, and an index belongs to one record for ever.
 * - What is appended is the run of marks right behind the lane's tail, each at the position of its
 *   index. Whoever appends it, the same
 *   record stands at the same position, and what is at or below the tail is dropped as redelivered.
 * - Its letters are removed once the tail is at or behind its index. A write of a letter that was
 *   given up may still be on its way, for hours
 *   where its process sleeps, and bring the letter back: so the mark is an item of its own, and stays. Letter and mark together say that the
 *   record was given back, and the letter is removed once more.
 *
 * A command that dies leaves marks: the next one appends and removes what they say, and so may a
 * second one meanwhile, or the first when it wakes up. A record on which several operators threw
 * has several letters and one mark.
 *
 * Blocks hold so few records that, however many of them fail again, they are put aside again and do
 * not stop the line (B9).
 */
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Randomness } from '../../ports/randomness.ts'
import { POISON_RECORDS_MAX } from '../../rdd/evaluate.ts'
import { isAfter } from '../../state/lanes.ts'
import { recordOf } from '../../state/dead-letters.ts'
import { Intake } from '../intake/intake.ts'
import {
  byRecord,
  type DeadLettersOfRecord,
  type StoredDeadLetter,
  readDeadLetters,
} from '../../state/dead-letter-reader.ts'
import { type DeadLetterFilter, matches, type Obstacle, obstacleTo } from './filter.ts'
import { redriveLane } from './redrive-lanes.ts'
import { withRetries } from '../retry.ts'

/** What a redrive works with. */
export interface RedriveParts {
  readonly store: ItemStore
  readonly app: string
  readonly clock: Clock
  readonly randomness: Randomness
  /** Told when the head was woken: somebody has to call the driver. */
  readonly woke?: () => void
}

/** Which records to give back. */
export interface RedriveRequest extends DeadLetterFilter {
  /** Records at most. Default: all. */
  readonly limit?: number
}

/** What was given back. */
export interface Redriven {
  /** Records of this command. */
  readonly records: number
  /** Records of earlier commands that had not come to their end. */
  readonly finished: number
  /** Records that match and were left, by the reason. */
  readonly left: Readonly<Partial<Record<Obstacle, number>>>
}

/** Neighbouring blocks become one entry of at most so many records and bytes. */
const LIMITS = { records: 8_000, bytes: 8 * 1024 * 1024, objects: 1 }

/**
 * Gives back what matches and can be given back.
 *
 * @throws MillraceError `LANE_FULL` (retryable) while batches do not run, and what the store
 * throws: what was done is done, and the same command goes on with the rest.
 */
export const redrive = async (parts: RedriveParts, request: RedriveRequest): Promise<Redriven> =>
  new Redrive(parts).run(request)

class Redrive {
  readonly #parts: RedriveParts
  readonly #lane: string
  readonly #marked = new Map<string, number>()
  readonly #intakes = new Map<string, Intake>()

  constructor(parts: RedriveParts) {
    this.#parts = parts
    this.#lane = redriveLane(parts.randomness.attemptId())
  }

  async run(request: RedriveRequest): Promise<Redriven> {
    const { store, app } = this.#parts
    const left: Partial<Record<Obstacle, number>> = {}
    const begun: DeadLettersOfRecord[] = []
    const chosen: DeadLettersOfRecord[] = []
    let records = 0
    for await (const record of byRecord(
      readDeadLetters(store, app, { ...request, first: 'oldest' }),
    )) {
      if (record[0].mark !== undefined) begun.push(record)
      if (
        record[0].mark !== undefined ||
        !matches(record, request) ||
        records + chosen.length >= (request.limit ?? Infinity)
      )
        continue
      const obstacle = obstacleTo(record, request)
      if (obstacle === undefined) chosen.push(record)
      else left[obstacle] = (left[obstacle] ?? 0) + 1
      if (chosen.length >= POISON_RECORDS_MAX) records += await this.#giveBack(chosen.splice(0))
    }
    records += await this.#giveBack(chosen)
    return { records, finished: await this.#finish(begun), left }
  }

  /** Marks, appends and removes. Gives how many records it was that got them. */
  async #giveBack(records: readonly DeadLettersOfRecord[]): Promise<number> {
    const marked: DeadLettersOfRecord[] = []
    for (const record of records) {
      const first = await this.#mark(record[0])
      if (first !== undefined) marked.push([first, ...record.slice(1)])
    }
    await this.#finish(marked)
    return marked.length
  }

  /** Undefined: somebody else has it. */
  async #mark(letter: StoredDeadLetter): Promise<StoredDeadLetter | undefined> {
    const { store, clock } = this.#parts
    const mark = { lane: this.#lane, index: (this.#marked.get(letter.source) ?? 0) + 1 }
    const answer = await withRetries(clock, () =>
      store.compareAndSet(letter.reservationKey, 'absent', mark),
    )
    // A refusal that shows this very mark is its own success, whose answer was lost.
    const isMine =
      answer.swapped ||
      (answer.current?.['lane'] === mark.lane && answer.current['index'] === mark.index)
    if (!isMine) return undefined
    this.#marked.set(letter.source, mark.index)
    return { ...letter, mark }
  }

  /**
   * Appends what is marked, lane by lane, and removes what is in its lane. Gives how many records
   * that is.
   */
  async #finish(records: readonly DeadLettersOfRecord[]): Promise<number> {
    const lanes = Map.groupBy(records, ([{ source, mark }]) => `${source}#${mark?.lane}`)
    let finished = 0
    for (const [first, ...others] of lanes.values())
      if (first !== undefined) finished += await this.#finishLane([first, ...others])
    return finished
  }

  async #finishLane(
    marked: readonly [DeadLettersOfRecord, ...DeadLettersOfRecord[]],
  ): Promise<number> {
    const [[{ source, mark }]] = marked
    const lane = mark?.lane as string
    const records = marked.toSorted((a, b) => indexOf(a) - indexOf(b))
    const intake = this.#intakeOf(source)
    const run = runBehind(records, await intake.tail(lane))
    // Also where nothing is left to append: who did it may have died before it woke the head (B12).
    for (const part of inParts(run)) await intake.append({ lane, records: part.map(withPositions) })
    const tail = await intake.tail(lane)
    const there = records.filter((record) => !isAfter(String(indexOf(record)), tail))
    await this.#remove(there.flat())
    return there.length
  }

  async #remove(letters: readonly StoredDeadLetter[]): Promise<void> {
    const { store, clock } = this.#parts
    if (letters.length > 0)
      await withRetries(clock, () => store.deleteAll(letters.map(({ key }) => key)))
  }

  #intakeOf(source: string): Intake {
    const intake =
      this.#intakes.get(source) ?? new Intake({ ...this.#parts, source, limits: LIMITS })
    this.#intakes.set(source, intake)
    return intake
  }
}

const indexOf = ([{ mark }]: DeadLettersOfRecord): number => mark?.index ?? 0

/**
 * The marks that follow the tail without a gap. Whoever reads while others mark may miss one, and
 * then sees later ones too early.
 */
const runBehind = (
  records: readonly DeadLettersOfRecord[],
  tail: string,
): readonly DeadLettersOfRecord[] => {
  const behind = records.filter((record) => isAfter(String(indexOf(record)), tail))
  const end = behind.findIndex(
    (record, index) => BigInt(indexOf(record)) !== BigInt(tail) + BigInt(index + 1),
  )
  return end === -1 ? behind : behind.slice(0, end)
}

/** One part at least. */
const inParts = (
  run: readonly DeadLettersOfRecord[],
): readonly (readonly DeadLettersOfRecord[])[] =>
  Array.from({ length: Math.max(1, Math.ceil(run.length / POISON_RECORDS_MAX)) }, (_, part) =>
    run.slice(part * POISON_RECORDS_MAX, (part + 1) * POISON_RECORDS_MAX),
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
