import type { Item, ItemStore } from '../../../ports/item-store.ts'
import { isLetterBlock, LETTERS_APART_MAX, lettersIn } from '../../../state/dead-letter-blocks.ts'
import { readDeadLetters } from '../../../state/dead-letter-reader.ts'
import { nameInKey, RESERVATION_PREFIX, COMMITTED_EPOCH_PREFIX } from '../../../state/item-keys.ts'
import { isAfter } from '../../../state/lane-entries.ts'
import type { StoreWrite } from '../ports/observer.ts'
import type { Sightings } from '../sightings.ts'
import type { Truth } from '../truth.ts'
import type { Mirror } from './mirror.ts'
import type { Violations } from './violations.ts'

/** What the checker works with. */
export interface DeadLetterCheckerParts {
  readonly mirror: Mirror
  readonly truth: Truth
  readonly violations: Violations
  readonly sightings: Sightings
  readonly app: string
}

/** A dead letter, in an item of its own or in a block. */
interface Letter {
  readonly source: string
  readonly position: string
  readonly epoch: unknown
  readonly timeMs: unknown
  readonly line: string
  readonly data: Uint8Array
  /** The name of the record, as its reservation has it. */
  readonly record: string
  readonly isInBlock: boolean
}

const lettersOf = (item: Item): readonly Letter[] => {
  const { source, position, data, epoch, timeMs } = item
  const letters = isLetterBlock(item)
    ? lettersIn(item)
    : data === undefined
      ? []
      : [{ source: source as string, position: position as string, data: data as Uint8Array }]
  return letters.map((one) => ({
    source: one.source,
    position: one.position,
    epoch,
    timeMs,
    line: Buffer.from(one.data).toString(),
    data: one.data,
    isInBlock: isLetterBlock(item),
    record: nameInKey(
      [one.source, one.position, ...(epoch === undefined ? [] : [epoch])].join('#'),
    ),
  }))
}

/** A range of time, epoch milliseconds. */
interface Times {
  readonly fromMs: number
  readonly toMs: number
}

interface ReservedPosition {
  readonly lane: string
  readonly index: number
}

/**
 * B1 for records that operators redrive. Each dead letter reserves one position in a lane, and only
 * while it is a dead letter. It is deleted when its record is in that lane, no sooner. What is in
 * the lane is checked as in any other lane. No two lines that can become dead letters are alike.
 */
export class DeadLetterChecker {
  readonly #parts: DeadLetterCheckerParts
  /** Lines that committed batches have put aside and that are not redriven yet. */
  readonly #aside = new Set<string>()
  readonly #reserved = new Map<string, ReservedPosition>()
  /** The committed epoch of each batch time: dead letters of other epochs do not count. */
  readonly #committedEpochs = new Map<number, unknown>()
  /** The stored dead letters, by the names of their items. */
  readonly #stored = new Map<string, readonly Letter[]>()
  /** Redriven records of blocks. */
  readonly #done = new Set<string>()
  /** Records whose dead letters are gone because their time was over. */
  readonly #expired = new Set<string>()
  /**
   * The lines of dead letters that have expired before they were redriven, by their records. A
   * command that has read one a moment ago may still redrive it.
   */
  readonly #expiredLines = new Map<string, string>()
  /** Redriven records whose dead letters expired before they were in their lane. */
  readonly #uncertain = new Set<string>()

  constructor(parts: DeadLetterCheckerParts) {
    this.#parts = parts
  }

  /** A committed batch has put a record aside. */
  putAside(line: string): void {
    this.#aside.add(line)
  }

  /**
   * A committed batch has put aside what stands at a place. Gives whether there is a dead letter of
   * it. `isIt`: which dead letters of the place are of the same thing, by their data.
   */
  putAsideAt(source: string, place: string, isIt: (data: Uint8Array) => boolean): boolean {
    for (const letter of [...this.#stored.values()].flat())
      if (letter.source === source && letter.position === place && isIt(letter.data))
        this.#aside.add(letter.line)
    return this.isAside(source, place)
  }

  stored({ key: { partition, sort }, before, after, environment }: StoreWrite): void {
    if (!partition.startsWith(`${this.#parts.app}#dlq#`)) return
    // Expired: only an item without a process is removed.
    if (sort.startsWith(COMMITTED_EPOCH_PREFIX))
      return environment === undefined
        ? undefined
        : void this.#committedEpochs.set(
            Number(sort.slice(COMMITTED_EPOCH_PREFIX.length)),
            after?.['epoch'],
          )
    if (sort.startsWith(RESERVATION_PREFIX))
      return environment === undefined
        ? undefined
        : this.#checkReservation(sort.slice(RESERVATION_PREFIX.length), after)
    if (after !== undefined) {
      const letters = lettersOf(after)
      this.#checkOnce(sort, letters)
      if (letters.length > LETTERS_APART_MAX) this.#parts.sightings.see('a block of dead letters')
      return void this.#stored.set(sort, letters)
    }
    this.#stored.delete(sort)
    for (const letter of before === undefined ? [] : lettersOf(before))
      if (environment === undefined) this.#expire(letter)
      else this.#checkRemoval(letter)
  }

  /**
   * An attempt stores each of its dead letters in one place. So does a delivery. But one that was
   * refused may come again with other bounds. Then its block may overlap with what it left, and
   * readers leave out the repetition: see {@link listed}.
   */
  #checkOnce(sort: string, letters: readonly Letter[]): void {
    const records = new Map(letters.map((letter) => [letter.record, letter]))
    const others = [...this.#stored].flatMap(([other, them]) => (other === sort ? [] : them))
    const twice = others.find(({ record, epoch, isInBlock }) => {
      const same = records.get(record)
      if (same === undefined) return false
      return epoch !== undefined || !(isInBlock || same.isInBlock)
    })
    this.#parts.violations.expect(
      'tasks',
      twice === undefined && records.size === letters.length,
      () => `the dead letter of "${(twice ?? letters[0])?.line}" is stored twice`,
    )
  }

  #expire({ line, source, position, record }: Letter): void {
    this.#parts.sightings.see('a dead letter expired')
    const reserved = this.#reserved.get(record)
    if (reserved !== undefined && !this.#isInLane(record)) this.#expireRedriven(record, reserved)
    if (this.#aside.delete(line)) this.#expiredLines.set(record, line)
    this.#expired.add(`${source}#${position}`)
  }

  /** A command that dies before it appends takes the record with it: no dead letter is left. */
  #expireRedriven(record: string, { lane, index }: ReservedPosition): void {
    this.#parts.truth.expire(lane, BigInt(index))
    this.#uncertain.add(record)
  }

  /** Whether a dead letter of this record is stored, of any attempt, or has expired. */
  isAside(source: string, place: string): boolean {
    const isThere = [...this.#stored.values()].some((letters) =>
      letters.some((letter) => letter.source === source && letter.position === place),
    )
    return isThere || this.#expired.has(`${source}#${place}`)
  }

  #checkReservation(record: string, reservation: Item | undefined): void {
    const { violations, truth, sightings } = this.#parts
    const known = this.#reserved.get(record)
    const lane = reservation?.['lane'] as string
    const index = reservation?.['index'] as number
    if (reservation?.['done'] === true && known?.lane === lane && known.index === index)
      return this.#checkDone(record)
    const stored = [...this.#stored.values()].flat().find((one) => one.record === record)?.line
    const line = stored ?? this.#expiredLines.get(record)
    if (line === undefined || reservation === undefined || known !== undefined)
      return violations.fail(
        'B1',
        `the reservation of ${record} is removed or changed, or has no dead letter`,
      )
    const isExpired = this.#expiredLines.delete(record)
    violations.expect(
      'B1',
      this.#aside.delete(line) || isExpired,
      () => `"${line}" is redriven to ${lane}, and is no dead letter`,
    )
    const isFree = [...this.#reserved.values()].every(
      (reserved) => reserved.lane !== lane || reserved.index !== index,
    )
    violations.expect(
      'B1',
      isFree,
      () => `position ${index} of ${lane} is reserved for two records`,
    )
    this.#reserved.set(record, { lane, index })
    truth.redrive(lane, BigInt(index), line)
    if (isExpired) this.#expireRedriven(record, { lane, index })
    sightings.see('a record redriven')
  }

  #checkDone(record: string): void {
    this.#done.add(record)
    this.#checkInLane(record, 'is marked as done')
  }

  #checkRemoval({ record, line }: Letter): void {
    this.#checkInLane(record, `is deleted, the dead letter of "${line}",`)
  }

  #checkInLane(record: string, what: string): void {
    this.#parts.violations.expect(
      'B1',
      this.#isInLane(record),
      () => `${record} ${what} before its record is in a lane`,
    )
  }

  #isInLane(record: string): boolean {
    const reserved = this.#reserved.get(record)
    const lane = this.#parts.mirror.lanes().find((found) => found.lane === reserved?.lane)
    return (
      reserved !== undefined && lane !== undefined && !isAfter(String(reserved.index), lane.tail)
    )
  }

  /** Whether every redrive that has begun has also ended. */
  get isSettled(): boolean {
    const areRemoved = [...this.#stored.values()]
      .flat()
      .every(({ record }) => !this.#reserved.has(record) || this.#done.has(record))
    return areRemoved && [...this.#uncertain].every((record) => !this.#isWaiting(record))
  }

  #isWaiting(record: string): boolean {
    const { mirror } = this.#parts
    const { lane, index } = this.#reserved.get(record) as ReservedPosition
    const found = mirror.lanes().find((one) => one.lane === lane)
    if (found === undefined || !this.#isInLane(record)) return false
    return isAfter(String(index), mirror.laneOffset(found.source, lane))
  }

  /** What an operator gets to see at the end: all that is put aside, and each of it once. */
  async listed(store: ItemStore, { fromMs, toMs }: Times): Promise<void> {
    const { app, violations } = this.#parts
    const seen = new Set<string>()
    const lines = new Set<string>()
    for await (const letter of readDeadLetters(store, app, { fromMs, toMs, first: 'oldest' })) {
      if (!letter.isTrue) continue
      const name = `${letter.reservationKey.sort}#${letter.operator}`
      const line = Buffer.from(letter.data).toString()
      violations.expect('B9', !seen.has(name), () => `the dead letter of "${line}" is listed twice`)
      seen.add(name)
      lines.add(line)
    }
    for (const line of this.#aside)
      violations.expect('B9', lines.has(line), () => `the dead letter of "${line}" is not listed`)
  }

  /** At the end each record that is put aside still has a dead letter of a committed attempt. */
  finished(): void {
    const known = [...this.#stored.values()]
      .flat()
      .filter(({ timeMs, epoch }) => this.#committedEpochs.get(timeMs as number) === epoch)
    const lines = new Set(known.map(({ line }) => line))
    for (const line of this.#aside)
      this.#parts.violations.expect(
        'B9',
        lines.has(line),
        () => `"${line}" was put aside but has no dead letter`,
      )
  }
}
