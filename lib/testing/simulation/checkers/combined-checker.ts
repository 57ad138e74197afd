import { recordsChecksum } from '../../../state/blocks.ts'
import type { BlockRef } from '../../../state/lane-entries.ts'
import type { Code, Deployment, Environment } from '../environment.ts'
import type { Sightings } from '../sightings.ts'
import type { Truth } from '../truth.ts'
import type { Violations } from './violations.ts'

/** Who has combined a block. */
interface Maker {
  readonly generation: number
  readonly code: Code
}

/**
 * B7: what intake has combined. Its entry names the generation of its code, and has the count and
 * the checksum of the records, so that they can be read again. Who has made a block decides what a
 * batch must make of its records.
 */
export class CombinedChecker {
  readonly #truth: Truth
  readonly #violations: Violations
  readonly #sightings: Sightings
  /** By the names of their attempts. */
  readonly #makers = new Map<string, Maker>()

  constructor(truth: Truth, violations: Violations, sightings: Sightings) {
    this.#truth = truth
    this.#violations = violations
    this.#sightings = sightings
  }

  /** A lane names a combined block. The first time, its maker names it. */
  appended(lane: string, ref: BlockRef, { name, deployment }: Environment): void {
    if (this.#makers.has(ref.by)) return
    const { generation, code } = deployment
    this.#makers.set(ref.by, { generation, code })
    this.#violations.expect(
      'B7',
      ref.combinedFor === generation,
      () => `${name} of generation ${generation} combines for ${ref.combinedFor}`,
    )
    const records = this.#truth
      .block(lane, ref.first, ref.at)
      .map(({ position, line }) => ({ position: String(position), record: line }))
    this.#violations.expect(
      'B7',
      ref.count === records.length && ref.sum === recordsChecksum(records),
      () => `the entry of ${ref.first} to ${ref.at} of ${lane} does not fit its records`,
    )
  }

  /**
   * The code that has made what a batch has of a block. A batch of another generation reads the
   * records again, unless they are gone: then it logs the block under its own generation.
   */
  codeOf(ref: BlockRef, { generation, code }: Pick<Deployment, 'generation' | 'code'>): Code {
    const maker = this.#makers.get(ref.by)
    if (ref.combinedFor === undefined || maker === undefined) return code
    if (ref.combinedFor !== generation) {
      this.#sightings.see('a combined block of other code read again')
      return code
    }
    const isEarlier = maker.generation !== generation
    this.#sightings.see(isEarlier ? 'a block of earlier code taken' : 'a combined block taken')
    return maker.code
  }
}
