import { encode } from '../../../base/codec.ts'
import type { Block } from '../../../state/blocks.ts'
import { BEGINNING, isAfter } from '../../../state/lane-entries.ts'
import type { Lane } from '../../../state/lanes.ts'
import type { Environment } from '../environment.ts'
import type { Sightings } from '../sightings.ts'
import type { Truth } from '../truth.ts'
import type { CombinedChecker } from './combined-checker.ts'
import type { DeadLetterChecker } from './dead-letter-checker.ts'
import type { Mirror } from './mirror.ts'
import type { Violations } from './violations.ts'

/** What the checker works with. */
export interface LaneCheckerParts {
  readonly mirror: Mirror
  readonly truth: Truth
  readonly violations: Violations
  readonly deadLetters: DeadLetterChecker
  readonly combined: CombinedChecker
  readonly sightings: Sightings
}

/**
 * B1: after the offset and up to the tail, a lane holds exactly the records that were put into it,
 * each once. Lanes of notifications are not checked: the simulation does not know what they must
 * hold.
 */
export class LaneChecker {
  readonly #mirror: Mirror
  readonly #truth: Truth
  readonly #violations: Violations
  readonly #deadLetters: DeadLetterChecker
  readonly #combined: CombinedChecker
  readonly #sightings: Sightings

  constructor({ mirror, truth, violations, deadLetters, combined, sightings }: LaneCheckerParts) {
    this.#sightings = sightings
    this.#deadLetters = deadLetters
    this.#combined = combined
    this.#mirror = mirror
    this.#truth = truth
    this.#violations = violations
  }

  /** B12: the head rests, so nothing may wait in a lane. */
  resting(): void {
    for (const { source, lane, tail } of this.#mirror.lanes()) {
      const offset = this.#mirror.laneOffset(source, lane)
      this.#violations.expect(
        'B12',
        !isAfter(tail, offset),
        () => `the head rests and ${lane} waits from ${offset} to ${tail}`,
      )
    }
  }

  check(before: Lane | undefined, after: Lane, environment: Environment): void {
    const { lane, source, tail } = after
    if (after.emptiedMs !== undefined) return this.#checkEmptied(before, after)
    if (before?.emptiedMs !== undefined) this.#sightings.see('an append to an emptied lane')
    this.#violations.expect(
      'B1',
      isAfter(tail, before?.tail ?? BEGINNING),
      () => `the tail of ${lane} goes from ${before?.tail} to ${tail}`,
    )
    const offset = this.#mirror.laneOffset(source, lane)
    const { blocks, missing } = this.#mirror.waitingIn(after)
    if (missing.length > 0)
      return this.#violations.fail('B11', `a page of ${lane} is named and not stored`)
    const isOfStream = this.#truth.lanes.has(lane)
    const stored: string[] = []
    let position = offset
    for (const ref of blocks) {
      const block = this.#mirror.segment(ref) as Block | undefined
      if (block === undefined)
        return this.#violations.fail('B11', `a block of ${lane} is appended and not stored`)
      this.#violations.expect(
        'B1',
        isAfter(ref.first, position),
        () => `${lane} goes on at ${ref.first} after ${position}`,
      )
      position = ref.at
      if (!isOfStream) continue
      if (ref.combinedFor === undefined)
        for (const record of block.records) stored.push(textOf(record))
      else {
        this.#combined.appended(lane, ref, environment)
        for (const { line } of this.#truth.block(lane, ref.first, ref.at)) stored.push(line)
      }
    }
    if (!isOfStream) return
    this.#truth.settle(lane, this.#truth.between(lane, offset, tail), stored)
    const all = this.#truth.between(lane, offset, tail)
    const put = all.flatMap(({ line, garbled }) => (garbled ? [] : [line]))
    for (const { position, garbled } of all) if (garbled) this.#checkAside(source, lane, position)
    this.#violations.expect(
      'B1',
      JSON.stringify(stored) === JSON.stringify(put),
      () =>
        `${lane} holds ${JSON.stringify(stored)} from ${offset} to ${tail}, and ` +
        `${JSON.stringify(put)} was put`,
    )
    const last = this.#truth.between(lane, BEGINNING, tail).at(-1)
    this.#violations.expect(
      'B1',
      String(last?.position) === tail,
      () => `the tail of ${lane} is ${tail}, where nothing was put`,
    )
  }

  /** A lane is emptied: all of it was taken, and its tail stays. */
  #checkEmptied(before: Lane | undefined, after: Lane): void {
    const { lane, source, tail, entries, pages } = after
    const offset = this.#mirror.laneOffset(source, lane)
    this.#violations.expect(
      'B1',
      before?.tail === tail && entries.length + pages.length === 0 && before.by !== after.by,
      () => `${lane} is emptied at ${before?.tail}, and stays with ${tail}`,
    )
    this.#violations.expect(
      'totals',
      offset === tail,
      () => `${lane} is emptied at ${tail}, and batches have taken it up to ${offset}`,
    )
    this.#mirror.emptied(after)
    this.#sightings.see('a lane emptied')
  }

  #checkAside(source: string, lane: string, position: bigint): void {
    this.#violations.expect(
      'B9',
      this.#deadLetters.isAside(source, `${lane}#${position}`),
      () => `the record at ${position} of ${lane} is not text, and was not put aside`,
    )
  }

  /** The stream was told that everything up to this position is safe. */
  acknowledged(lane: string, position: string): void {
    const tail = this.#mirror.lanes().find((found) => found.lane === lane)?.tail ?? BEGINNING
    this.#violations.expect(
      'B1',
      !isAfter(position, tail),
      () => `${lane} was acknowledged up to ${position} and stored up to ${tail}`,
    )
  }
}

/** A record as it was put: a line, the bytes of one, or the reference of a redriven file. */
const textOf = (record: unknown): string =>
  typeof record === 'string'
    ? record
    : 'modifiedMs' in (record as object)
      ? Buffer.from(encode(record)).toString()
      : Buffer.from((record as { readonly data: Uint8Array }).data).toString()
