import type { Reservation } from '../../state/dead-letter-reader.ts'

/**
 * Reserved records whose dead letters were not there when they were read, after their reservations.
 * If the tail of their lane, which is read later still, has not reached them, nobody appends them.
 */
export class LostRecords {
  readonly #byLane = new Map<string, Set<number>>()

  /** Notes the reservations of a day, before its dead letters are read. */
  reserved(reservations: readonly Reservation[]): void {
    for (const { source, lane, index } of reservations)
      this.#byLane.set(`${source}#${lane}`, this.of(source, lane).add(index))
  }

  /** Notes that a dead letter of this reservation is there. */
  found({ source, lane, index }: Reservation): void {
    this.#byLane.get(`${source}#${lane}`)?.delete(index)
  }

  /** The indices in a lane that nobody fills any more. */
  of(source: string, lane: string): Set<number> {
    return this.#byLane.get(`${source}#${lane}`) ?? new Set()
  }
}
