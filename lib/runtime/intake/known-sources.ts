import { MillraceError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import { HeadStore } from '../../state/head.ts'
import { withRetries } from '../retry.ts'

/**
 * Keeps intake from accepting records that nobody would read. A deployment that brings a source, or
 * gives it another name, becomes true when a driver adopts the head (B10). If its plan does not
 * fit, that never happens. Until then, the records of the source stay where they come from, and are
 * delivered again.
 */
export class KnownSources {
  readonly #heads: HeadStore
  readonly #clock: Clock
  /** Sources that this process has found in the head. They are not looked up again. */
  readonly #known = new Set<string>()

  constructor({ store, app, clock }: { store: ItemStore; app: string; clock: Clock }) {
    this.#heads = new HeadStore(store, app)
    this.#clock = clock
  }

  /**
   * Checks that the running plan has all of these sources. Before the first driver there is no
   * plan, and every source is accepted.
   *
   * @throws MillraceError `SOURCE_UNKNOWN` (retryable), and the errors of the store.
   */
  async check(sources: readonly string[]): Promise<void> {
    const unseen = sources.filter((source) => !this.#known.has(source))
    if (unseen.length === 0) return
    const head = await withRetries(this.#clock, () => this.#heads.read())
    if (head === undefined) return
    const stranger = unseen.find((source) => !head.sources.includes(source))
    if (stranger !== undefined) throw unknownSource(stranger, head.sources)
    for (const source of unseen) this.#known.add(source)
  }
}

/** The error for a source that the running plan does not have. */
export const unknownSource = (source: string, known: readonly string[]): MillraceError =>
  new MillraceError('SOURCE_UNKNOWN', {
    problem:
      `The pipeline that runs does not have the source "${source}", so its records are not ` +
      'taken. They will be delivered again',
    value: source,
    allowed: known.join(', '),
    fix:
      'nothing, if the driver of this deployment has not run yet: it comes within a minute. ' +
      'If this goes on, the plan does not fit: see the log of the driver, or millrace check',
    retryable: true,
  })
