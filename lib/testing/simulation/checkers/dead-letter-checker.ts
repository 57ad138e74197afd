import type { Item } from '../../../ports/item-store.ts'
import { RESERVATION_PREFIX, COMMITTED_EPOCH_PREFIX } from '../../../state/item-keys.ts'
import { isAfter } from '../../../state/lanes.ts'
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

const textOf = (deadLetter: Item): string =>
  Buffer.from(deadLetter['data'] as Uint8Array).toString()
const recordOf = ({ source, position, epoch }: Item): string =>
  [source, position, ...(epoch === undefined ? [] : [epoch])].join('#')

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
  /** The stored dead letters, by their names. */
  readonly #stored = new Map<string, Item>()

  constructor(parts: DeadLetterCheckerParts) {
    this.#parts = parts
  }

  /** A committed batch has put a record aside. */
  putAside(line: string): void {
    this.#aside.add(line)
  }

  stored({ key: { partition, sort }, before, after }: StoreWrite): void {
    if (!partition.startsWith(`${this.#parts.app}#dlq#`)) return
    if (sort.startsWith(COMMITTED_EPOCH_PREFIX))
      return void this.#committedEpochs.set(
        Number(sort.slice(COMMITTED_EPOCH_PREFIX.length)),
        after?.['epoch'],
      )
    if (sort.startsWith(RESERVATION_PREFIX))
      return this.#checkReservation(sort.slice(RESERVATION_PREFIX.length), after)
    if (after?.['data'] !== undefined) this.#stored.set(sort, after)
    if (after !== undefined) return
    this.#stored.delete(sort)
    if (before !== undefined) this.#checkRemoval(before)
  }

  #checkReservation(record: string, reservation: Item | undefined): void {
    const { violations, truth, sightings } = this.#parts
    const deadLetter = [...this.#stored.values()].find((one) => recordOf(one) === record)
    if (deadLetter === undefined || reservation === undefined || this.#reserved.has(record))
      return violations.fail(
        'B1',
        `the reservation of ${record} is removed or changed, or has no dead letter`,
      )
    const line = textOf(deadLetter)
    const reserved = { lane: reservation['lane'] as string, index: reservation['index'] as number }
    violations.expect(
      'B1',
      this.#aside.delete(line),
      () => `"${line}" is redriven to ${reserved.lane}, and is no dead letter`,
    )
    const isFree = [...this.#reserved.values()].every(
      ({ lane, index }) => lane !== reserved.lane || index !== reserved.index,
    )
    violations.expect(
      'B1',
      isFree,
      () => `position ${reserved.index} of ${reserved.lane} is reserved for two records`,
    )
    this.#reserved.set(record, reserved)
    truth.redrive(reserved.lane, BigInt(reserved.index), line)
    sightings.see('a record redriven')
  }

  #checkRemoval(deadLetter: Item): void {
    const { violations, mirror } = this.#parts
    const reserved = this.#reserved.get(recordOf(deadLetter))
    const lane = mirror.lanes().find((found) => found.lane === reserved?.lane)
    const isThere =
      reserved !== undefined && lane !== undefined && !isAfter(String(reserved.index), lane.tail)
    violations.expect(
      'B1',
      isThere,
      () => `the dead letter of "${textOf(deadLetter)}" is deleted before its record is in a lane`,
    )
  }

  /** Whether every redrive that has begun has also ended. */
  get isSettled(): boolean {
    return [...this.#stored.values()].every(
      (deadLetter) => !this.#reserved.has(recordOf(deadLetter)),
    )
  }

  /** At the end each record that is put aside still has a dead letter of a committed attempt. */
  finished(): void {
    const known = [...this.#stored.values()].filter(
      ({ timeMs, epoch }) => this.#committedEpochs.get(timeMs as number) === epoch,
    )
    const lines = new Set(known.map(textOf))
    for (const line of this.#aside)
      this.#parts.violations.expect(
        'B9',
        lines.has(line),
        () => `"${line}" was put aside but has no dead letter`,
      )
  }
}
