import type { DeadLetter } from './dead-letter.ts'

/**
 * A delivery that was cut off and came again with other bounds has left blocks that overlap. What
 * one of them says about its range, the others only repeat.
 */
export class RejectedRanges {
  readonly #ranges = new Map<string, (readonly [first: bigint, last: bigint])[]>()

  /** Whether no block that was read before has this dead letter. */
  isNew({ position }: DeadLetter): boolean {
    const [lane, at] = placeOf(position)
    const ranges = this.#ranges.get(lane) ?? []
    return !ranges.some(([first, last]) => first <= at && at <= last)
  }

  /** Notes the range of a block. */
  add(letters: readonly DeadLetter[]): void {
    const [lane, first] = placeOf(letters[0]?.position ?? '')
    const [, last] = placeOf(letters.at(-1)?.position ?? '')
    this.#ranges.set(lane, [...(this.#ranges.get(lane) ?? []), [first, last]])
  }
}

/** The lane and the position in it. */
const placeOf = (position: string): readonly [lane: string, at: bigint] => {
  const end = position.lastIndexOf('#')
  return [position.slice(0, end), BigInt(position.slice(end + 1))]
}
