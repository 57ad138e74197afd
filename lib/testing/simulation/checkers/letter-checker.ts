import type { Item } from '../../../ports/item-store.ts'
import { RESERVATION_PREFIX, COMMITTED_EPOCH_PREFIX } from '../../../state/item-keys.ts'
import { isAfter } from '../../../state/lanes.ts'
import type { StoreWrite } from '../ports/observer.ts'
import type { Sightings } from '../sightings.ts'
import type { Truth } from '../truth.ts'
import type { Mirror } from './mirror.ts'
import type { Violations } from './violations.ts'

/** What it checks with. */
export interface LetterCheckerParts {
  readonly mirror: Mirror
  readonly truth: Truth
  readonly violations: Violations
  readonly sightings: Sightings
  readonly app: string
}

const textOf = (letter: Item): string => Buffer.from(letter['data'] as Uint8Array).toString()
const recordOf = ({ source, position, epoch }: Item): string =>
  [source, position, ...(epoch === undefined ? [] : [epoch])].join('#')

interface Location {
  readonly lane: string
  readonly index: number
}

/**
 * B1 for records that persons give back: each that is put aside gets one place in a lane, and only
 * while it is aside; its letter goes when the record is in that lane, no sooner. What stands in the
 * lane is checked as with any other. Lines with letters are no two alike.
 */
export class LetterChecker {
  readonly #parts: LetterCheckerParts
  /** What committed batches have put aside and nobody has given back. */
  readonly #aside = new Set<string>()
  readonly #places = new Map<string, Location>()
  /** The epochs whose letters are true, by the times of their batches. */
  readonly #violations = new Map<number, unknown>()
  /** The letters that are stored, by their names. */
  readonly #letters = new Map<string, Item>()

  constructor(parts: LetterCheckerParts) {
    this.#parts = parts
  }

  /** A committed batch has put a record aside. */
  putAside(line: string): void {
    this.#aside.add(line)
  }

  stored({ key: { partition, sort }, before, after }: StoreWrite): void {
    if (!partition.startsWith(`${this.#parts.app}#dlq#`)) return
    if (sort.startsWith(COMMITTED_EPOCH_PREFIX))
      return void this.#violations.set(
        Number(sort.slice(COMMITTED_EPOCH_PREFIX.length)),
        after?.['epoch'],
      )
    if (sort.startsWith(RESERVATION_PREFIX))
      return this.#marked(sort.slice(RESERVATION_PREFIX.length), after)
    if (after?.['data'] !== undefined) this.#letters.set(sort, after)
    if (after !== undefined) return
    this.#letters.delete(sort)
    if (before !== undefined) this.#removed(before)
  }

  #marked(record: string, mark: Item | undefined): void {
    const { violations, truth, sightings } = this.#parts
    const letter = [...this.#letters.values()].find((one) => recordOf(one) === record)
    if (letter === undefined || mark === undefined || this.#places.has(record))
      return violations.fail(
        'B1',
        `the mark of ${record} is taken away or changed, or is there without a letter`,
      )
    const line = textOf(letter)
    const place = { lane: mark['lane'] as string, index: mark['index'] as number }
    violations.expect(
      'B1',
      this.#aside.delete(line),
      () => `"${line}" is given back to ${place.lane}, and is not aside`,
    )
    const isFree = [...this.#places.values()].every(
      ({ lane, index }) => lane !== place.lane || index !== place.index,
    )
    violations.expect(
      'B1',
      isFree,
      () => `the place ${place.index} of ${place.lane} is given to two records`,
    )
    this.#places.set(record, place)
    truth.gaveBack(place.lane, BigInt(place.index), line)
    sightings.see('a record redriven')
  }

  #removed(letter: Item): void {
    const { violations, mirror } = this.#parts
    const place = this.#places.get(recordOf(letter))
    const lane = mirror.lanes().find((found) => found.lane === place?.lane)
    const isThere =
      place !== undefined && lane !== undefined && !isAfter(String(place.index), lane.tail)
    violations.expect(
      'B1',
      isThere,
      () => `the letter of "${textOf(letter)}" goes before its record is in a lane`,
    )
  }

  /** Nobody is in the middle of giving records back. */
  get isSettled(): boolean {
    return [...this.#letters.values()].every((letter) => !this.#places.has(recordOf(letter)))
  }

  /** At the end each record that is aside still has its letter, and that is true. */
  finished(): void {
    const known = [...this.#letters.values()].filter(
      ({ timeMs, epoch }) => this.#violations.get(timeMs as number) === epoch,
    )
    const lines = new Set(known.map(textOf))
    for (const line of this.#aside)
      this.#parts.violations.expect(
        'B9',
        lines.has(line),
        () => `"${line}" was put aside and is nowhere`,
      )
  }
}
