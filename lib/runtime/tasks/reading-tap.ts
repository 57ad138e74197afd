import type { PlacedAdds } from '../../rdd/adds/adding.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'
import type { ReadingListener } from '../driver/read-records.ts'
import type { CountedPart } from '../sources/source-reader.ts'

/** What a stage has put aside, counted, and added to accumulators. */
export interface Noted {
  readonly deadLetters: DeadLetter[]
  readonly counted: CountedPart[]
  readonly adds: PlacedAdds[]
}

/** Tells stages that run what is put aside, counted and added meanwhile. */
export class ReadingTap implements ReadingListener {
  readonly #open = new Set<Noted>()

  /** Takes everything from now on. With two stages at once, each takes also what the other has. */
  open(): Noted {
    const noted: Noted = { deadLetters: [], counted: [], adds: [] }
    this.#open.add(noted)
    return noted
  }

  close(noted: Noted): void {
    this.#open.delete(noted)
  }

  readonly putAside = (deadLetter: DeadLetter): void => {
    for (const { deadLetters } of this.#open) deadLetters.push(deadLetter)
  }

  readonly counted = (part: CountedPart): void => {
    for (const { counted } of this.#open) counted.push(part)
  }

  readonly added = (one: PlacedAdds): void => {
    for (const { adds } of this.#open) adds.push(one)
  }
}
