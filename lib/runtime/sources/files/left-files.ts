/**
 * Files that a batch does not take, though they came: they are late, or were only renamed. They are
 * counted and told, each once in a process.
 *
 * A file is late if its modification time is before the threshold, and it came after it. The time
 * when its status changed shows when it came: a move, a copy, and an unpacked archive set it, and
 * no program can choose it.
 */
import type { FileSelection } from '../../../dstream/sources/file-selection.ts'
import type { ObjectSummary } from '../../../ports/object-source.ts'
import type { Listener } from '../../events.ts'
import type { LeftOut } from '../source-reader.ts'

/** Whether a file came after a time, though it was modified before. */
export const isLate = (
  { modifiedMs, changedMs = modifiedMs }: ObjectSummary,
  threshold: number,
  untilMs: number,
): boolean => modifiedMs <= threshold && changedMs > threshold && changedMs <= untilMs

/**
 * Whether late files are taken or put aside. Then every file that was ever taken matters, since any
 * of them may get a new status.
 */
export const mindsLateFiles = ({ existing, lateFiles = 'ignore' }: FileSelection): boolean =>
  existing === 'ignore' && lateFiles !== 'ignore'

/** Tells of files that are left out. */
export class LeftFiles {
  readonly #source: string
  readonly #report: Listener
  readonly #told = new Map<LeftOut['reason'], ReadonlySet<string>>()

  constructor(source: string, report: Listener) {
    this.#source = source
    this.#report = report
  }

  /**
   * Tells of those among some files that were not told in the last listing. `readTaken`: gives the
   * names that were taken before, which are not told. It is asked when there is something to tell.
   */
  async tell(
    reason: 'tooOld' | 'renamed',
    files: readonly ObjectSummary[],
    readTaken?: () => Promise<ReadonlySet<string>>,
  ): Promise<void> {
    const before = this.#told.get(reason)
    const names = new Set(files.map(({ key, modifiedMs }) => `${key}@${modifiedMs}`))
    this.#told.set(reason, names)
    const unknown = files.filter(
      ({ key, modifiedMs }) => before?.has(`${key}@${modifiedMs}`) !== true,
    )
    const taken = unknown.length === 0 ? undefined : await readTaken?.()
    const fresh = unknown.filter(({ key }) => taken?.has(key) !== true)
    const first = firstOf(fresh)
    if (first !== undefined)
      this.#report({ event: 'leftOut', source: this.#source, reason, count: fresh.length, first })
  }
}

/** The first by name. A directory gives its files in any order. */
export const firstOf = (files: readonly ObjectSummary[]): string | undefined =>
  files.reduce<string | undefined>(
    (least, { key }) => (least === undefined || key < least ? key : least),
    undefined,
  )
