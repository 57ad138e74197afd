import { greatestOf } from '../../../base/extremes.ts'
import type { BatchLimits, Plan } from '../../../dstream/plan.ts'
import type { BatchInput } from '../../../runtime/driver/batch-input.ts'
import type { SourceInput } from '../../../runtime/sources/source-reader.ts'
import type { Head } from '../../../state/head.ts'
import type { Sightings } from '../sightings.ts'
import { isLanes, redrivenIn } from './inputs.ts'
import type { Violations } from './violations.ts'

/**
 * B8: a batch keeps within the limits of its time. These are never below those of the pipeline, and
 * at most twice what the last batch took. They are those of the pipeline again after a batch that
 * was tried more than once, and for a new deployment.
 */
export class LoadChecker {
  readonly #violations: Violations
  readonly #sightings: Sightings
  readonly #limits: BatchLimits

  constructor(violations: Violations, sightings: Sightings, plan: Plan) {
    this.#violations = violations
    this.#sightings = sightings
    this.#limits = plan.options.limits
  }

  /** A batch is logged. One entry or object may be over the limits by itself. */
  logged({ timeMs, sources }: BatchInput, before: Head): void {
    const most = factorOf(before)
    for (const input of Object.values(sources)) {
      const parts = isLanes(input)
        ? input.lanes.reduce((sum, { entries }) => sum + entries.length, 0)
        : input.objects
      const times = this.#timesTheLimits(input)
      if (parts > 1 && times > 1) this.#sightings.see('a batch beyond its first limits')
      this.#violations.expect(
        'B8',
        parts <= 1 || times <= most,
        () =>
          `the batch at ${timeMs} takes ${input.records} records in ${parts} parts, ` +
          `${times} times the limits, and ${most} are allowed`,
      )
    }
  }

  /** The head was written. `input`: that of the batch which this write commits. */
  written(before: Head, after: Head, input: BatchInput | undefined): void {
    if (after.generation !== before.generation)
      this.#expect(factorOf(after) === 1, 'a new deployment', before, after)
    else if (input !== undefined) this.#committed(before, after, input)
    else this.#expect(factorOf(after) <= factorOf(before), 'a write', before, after)
  }

  #committed(before: Head, after: Head, { sources }: BatchInput): void {
    const taken = greatestOf([
      0,
      ...Object.values(sources).map((input) => this.#timesTheLimits(input)),
    ])
    const most = Math.max(factorOf(before), 2 * Math.min(factorOf(before), taken))
    const isTriedAgain = (before.logged?.attempts ?? 1) > 1
    const factor = factorOf(after)
    const isWithin = factor >= 1 && factor <= (isTriedAgain ? 1 : most)
    this.#expect(isWithin, `a batch of ${taken} times the limits`, before, after)
    if (factor < factorOf(before)) this.#sightings.see('limits that shrink')
  }

  #expect(isRight: boolean, what: string, before: Head, after: Head): void {
    this.#violations.expect(
      'B8',
      isRight,
      () => `${what} takes the limits from ${factorOf(before)} to ${factorOf(after)} times theirs`,
    )
  }

  #timesTheLimits(input: SourceInput): number {
    const { records, bytes, objects } = this.#limits
    const own = recordsOf(input)
    return Math.max(own / records, input.bytes / bytes, input.objects / objects)
  }
}

/** How many times the limits of the pipeline a batch may take. */
const factorOf = ({ load }: Head): number => load?.factor ?? 1

/** References to files that are redriven are limited by themselves. */
const recordsOf = (input: SourceInput): number =>
  isLanes(input) ? input.records : input.records - (redrivenIn(input)?.records ?? 0)
