import type { Item } from '../../../ports/item-store.ts'
import { isAfter } from '../../../state/lanes.ts'
import type { StoreWrite } from '../ports/observer.ts'
import type { Sightings } from '../sightings.ts'
import type { Truth } from '../truth.ts'
import type { Mirror } from './mirror.ts'
import type { Verdicts } from './verdicts.ts'

/** What it checks with. */
export interface LetterCheckerParts {
  readonly mirror: Mirror
  readonly truth: Truth
  readonly verdicts: Verdicts
  readonly sightings: Sightings
  readonly app: string
}

const textOf = (item: Item): string => Buffer.from(item['data'] as Uint8Array).toString()
const placeOf = ({ source, lane, index }: Item): string => `${String(source)}#${String(lane)}#${String(index)}`

/**
 * B1 for records that persons give back: each that is put aside gets one place in a lane, and only while it is aside; its letter goes when
 * the record is in that lane, no sooner. What stands in the lane is checked as with any other. Lines with letters are no two alike.
 */
export class LetterChecker {
  readonly #parts: LetterCheckerParts
  /** What committed batches have put aside and nobody has given back. */
  readonly #aside = new Set<string>()
  readonly #places = new Set<string>()

  constructor(parts: LetterCheckerParts) {
    this.#parts = parts
  }

  /** A committed batch has put a record aside. */
  putAside(line: string): void {
    this.#aside.add(line)
  }

  stored({ key: { partition }, before, after }: StoreWrite): void {
    if (!partition.startsWith(`${this.#parts.app}#dlq#`)) return
    if (after === undefined) {
      if (before !== undefined) this.#removed(before)
    } else if (after['lane'] !== undefined && before?.['lane'] === undefined) this.#marked(after)
  }

  #marked(letter: Item): void {
    const { verdicts, truth, sightings } = this.#parts
    const line = textOf(letter)
    const place = placeOf(letter)
    verdicts.expect('B1', this.#aside.delete(line), () => `"${line}" is given back to ${place}, and is not aside`)
    verdicts.expect('B1', !this.#places.has(place), () => `${place} is given to two records`)
    this.#places.add(place)
    truth.gaveBack(letter['lane'] as string, BigInt(letter['index'] as number), line)
    sightings.see('a record given back')
  }

  #removed(letter: Item): void {
    const { verdicts, mirror } = this.#parts
    const lane = mirror.lanes().find((found) => found.lane === letter['lane'])
    const isThere = lane !== undefined && !isAfter(String(letter['index']), lane.tail)
    verdicts.expect('B1', isThere, () => `the letter of "${textOf(letter)}" goes before its record is in ${placeOf(letter)}`)
  }

  /** Nobody is in the middle of giving records back. */
  get isSettled(): boolean {
    return this.#letters().every(({ lane }) => lane === undefined)
  }

  /** At the end each record that is aside still has its letter. */
  finished(): void {
    const lines = new Set(this.#letters().map(textOf))
    for (const line of this.#aside) this.#parts.verdicts.expect('B9', lines.has(line), () => `"${line}" was put aside and is nowhere`)
  }

  #letters(): readonly Item[] {
    return this.#parts.mirror.items(`${this.#parts.app}#dlq#`).filter(({ data }) => data !== undefined)
  }
}
