/**
 * Chooses the files of a batch by modification time, like Spark's FileInputDStream. A ledger
 * replaces Spark's memory, so that no file comes twice and the limits of a batch leave no file out.
 *
 * Spark runs a batch for each batch time, one after another, also for those that passed while
 * nothing ran. The batch at `s` takes a file with `max(start, s - remember) < modified <= s`. One
 * batch here may stand for several batch times: those that passed at rest, during a long batch, or
 * while no process ran. It takes what any of them takes. So its threshold is that of the first
 * batch time that has not been run, and never follows the clock:
 *
 *   threshold = max(start, first batch time not yet run - remember)
 *
 * - The threshold does not move while eligible files wait for room in a batch.
 * - With `existing: 'all'` there is no threshold.
 * - A file that comes with a time before the threshold is late: see left-files.ts.
 * - A path that was taken and is written again is ignored while it is remembered, as in Spark, or
 *   taken again with `onOverwrite: 'new'`.
 *
 * Batch times may be ahead of the clock: with `--once`, or after the clock was set back. Files have
 * the time of the clock. So what counts is until when the last batch looked: its batch time, or the
 * clock if that was earlier. If the clock is behind even that, it was set back. Then all these
 * times move back by as much, and files from the future that were judged before stay judged.
 */
import { gridTimeAtOrAfter } from '../../../base/batch-time.ts'
import { allOrFirstError } from '../../../base/concurrency.ts'
import type { FileSelection } from '../../../dstream/sources/file-selection.ts'
import type { ObjectSource, ObjectSummary } from '../../../ports/object-source.ts'
import type { FileOffsets } from '../../../state/offsets.ts'
import type { Listener } from '../../events.ts'
import type { HeldLimits } from '../held-limits.ts'
import type { SourcePlace } from '../source-kind.ts'
import type { LeftOut } from '../source-reader.ts'
import { type FilesQuestion, lastChanceOf, reachOf, timesOf } from './file-times.ts'
import { firstOf, isLate, LeftFiles, mindsLateFiles } from './left-files.ts'
import { FileLedger, type LedgerEntry, type TakenFile } from './ledger.ts'

/** What a reader of files needs. */
export interface FilesReaderParts extends SourcePlace {
  readonly objects: ObjectSource
  readonly selection: FileSelection
  readonly held?: HeldLimits | undefined
  readonly report: Listener
}

/** A file that a batch may take. */
export interface Candidate extends ObjectSummary {
  /** The first batch time whose rule it meets. Later files of its path are ignored from then on. */
  readonly takenMs: number
  /** Whether it is late, and to be put aside. Default: false. */
  readonly isLate?: true
}

/** The files that were not taken yet, and the times by which they were chosen. */
export interface Candidates {
  /** Not taken yet and not too old, oldest first. Includes files of future batches. */
  readonly files: readonly Candidate[]
  /**
   * Files from the future that were judged before the clock was set back. They count as taken, so
   * that they are not judged again.
   */
  readonly judged: readonly Candidate[]
  /** Files must be modified after this time. */
  readonly threshold: number
}

/** Entries of older batches leave the store. A clock that is set back by less harms nothing. */
const KEPT_MS = 86_400_000
/**
 * The clock is read before the directory, and a cold start or a long listing may lie between them.
 * A file that arrives in this time is no file from the future.
 */
const LOOKING_MS = 60_000
/** How often old entries are looked for. */
const DROP_EVERY_MS = 3_600_000

const byAge = (a: Candidate, b: Candidate): number =>
  a.modifiedMs - b.modifiedMs || (a.key < b.key ? -1 : 1)

/** Where renames do not matter, the identity of a file need not be stored. */
const withoutIdentity = (candidate: Candidate): Candidate => {
  const { identity: _, ...file } = candidate
  return file
}

/** Chooses files for batches, and remembers what was taken. */
export class FileChooser {
  readonly #parts: FilesReaderParts
  readonly #ledger: FileLedger
  readonly #left: LeftFiles
  #reported = new Set<string>()
  #droppedMs = -Infinity
  /** The batch for which files were last chosen here. */
  #chosenMs = -Infinity
  /** What a step of the driver has listed to see whether files wait, for its batch. */
  #listed: { readonly nowMs: number; readonly files: readonly ObjectSummary[] } | undefined

  constructor(parts: FilesReaderParts) {
    this.#parts = parts
    this.#ledger = new FileLedger(parts)
    this.#left = new LeftFiles(parts.source, parts.report)
  }

  /** When the first of the files that wait was modified. Undefined: none waits. */
  async waitingMs(question: FilesQuestion): Promise<number | undefined> {
    const files = await this.#parts.objects.list()
    this.#listed = { nowMs: question.nowMs, files }
    return (await this.#candidatesIn(question, files)).files[0]?.modifiedMs
  }

  /** The files for a batch. A large directory is listed once for each step of the driver. */
  async candidates(question: FilesQuestion): Promise<Candidates> {
    const listed = this.#listed?.nowMs === question.nowMs ? this.#listed.files : undefined
    this.#listed = undefined
    return this.#candidatesIn(question, listed)
  }

  async #candidatesIn(
    question: FilesQuestion,
    known: readonly ObjectSummary[] | undefined,
  ): Promise<Candidates> {
    const { offsets, nowMs, startedMs, untilMs } = question
    const { existing, filter, lateFiles = 'ignore' } = this.#parts.selection
    const { threshold, judgedMs } = timesOf(question, this.#parts.selection)
    const [listed, entries] = await allOrFirstError([
      known === undefined ? this.#parts.objects.list() : Promise.resolve(known),
      this.#ledger.entries(offsets.taken, reachOf(question, this.#parts.selection, threshold)),
    ])
    const isInTime = ({ modifiedMs }: ObjectSummary): boolean =>
      modifiedMs > threshold || (existing === 'all' && modifiedMs <= startedMs)
    const isJudged = ({ modifiedMs }: ObjectSummary): boolean =>
      judgedMs !== undefined && modifiedMs > nowMs + LOOKING_MS && modifiedMs <= judgedMs
    const changed = new Set<string>()
    const late: ObjectSummary[] = []
    const open = listed.flatMap((object): readonly Candidate[] => {
      const comesLate = !isInTime(object) && isLate(object, threshold, untilMs)
      if (!comesLate && !isInTime(object)) return []
      if (filter?.(object.key) === false) return []
      const entry = entries.get(object.key)
      if (this.#isTaken(object, entry, question, changed)) return []
      if (comesLate && lateFiles === 'ignore') late.push(object)
      if (comesLate && lateFiles === 'ignore') return []
      const takenMs = this.#firstChance(object, entry, question)
      const isAside = comesLate && lateFiles === 'dead-letter'
      const { changedMs: _, ...file } = object
      return [{ ...file, takenMs, ...(isAside ? { isLate: true } : {}) }]
    })
    this.#reported = changed
    // A status of today says nothing of a file that was read yesterday.
    await this.#left.tell('tooOld', late, () => this.#ledger.paths())
    return this.#named(open, isJudged, threshold)
  }

  /** The candidates without those that were taken under another name. */
  async #named(
    all: readonly Candidate[],
    isJudged: (file: ObjectSummary) => boolean,
    threshold: number,
  ): Promise<Candidates> {
    const { open, renamed } = this.#withoutRenamed(all)
    await this.#left.tell('renamed', renamed)
    return {
      files: open.filter((object) => !isJudged(object)).toSorted(byAge),
      judged: open.filter(isJudged),
      threshold,
    }
  }

  /** Of several names of one file, the first one counts. */
  #withoutRenamed(all: readonly Candidate[]): {
    readonly open: readonly Candidate[]
    readonly renamed: readonly Candidate[]
  } {
    if (this.#parts.selection.onRename !== 'ignore')
      return { open: all.map(withoutIdentity), renamed: [] }
    const seen = new Set<string>()
    const isRenamed = (file: Candidate): boolean => {
      const known = this.#ledger.nameOf(file)
      if (known !== undefined && known !== file.key) return true
      if (file.identity === undefined) return false
      const isAgain = seen.has(file.identity)
      seen.add(file.identity)
      return isAgain
    }
    const { open = [], renamed = [] } = Object.groupBy(all.toSorted(byAge), (file) =>
      isRenamed(file) ? 'renamed' : 'open',
    )
    return { open, renamed }
  }

  /** The files that no batch has taken, by reason. */
  async leftOut(question: FilesQuestion): Promise<readonly LeftOut[]> {
    const { selection, objects } = this.#parts
    const { offsets, startedMs, untilMs } = question
    const { threshold } = timesOf(question, selection)
    const reach = reachOf(question, selection, threshold)
    const [listed, entries, paths] = await allOrFirstError([
      objects.list(),
      this.#ledger.entries(offsets.taken, reach),
      this.#ledger.paths(),
    ])
    const reasonOf = (file: ObjectSummary): LeftOut['reason'] | undefined => {
      const { key, modifiedMs, changedMs = modifiedMs } = file
      if (entries.has(key) || paths.has(key) || this.#ledger.nameOf(file) !== undefined)
        return undefined
      if (selection.filter?.(key) === false) return 'filtered'
      if (modifiedMs > untilMs) return 'future'
      if (selection.existing === 'all' || modifiedMs > threshold) return undefined
      if (changedMs <= startedMs) return 'beforeStart'
      // Of files that came before, the ledger does not say any more whether they were read.
      return changedMs > reach - KEPT_MS ? 'tooOld' : undefined
    }
    const byReason = Map.groupBy(listed, reasonOf)
    const found = [...byReason].flatMap(([reason, files]): readonly LeftOut[] =>
      reason === undefined ? [] : [{ reason, count: files.length, first: firstOf(files) ?? '' }],
    )
    const moving = objects.moving?.() ?? []
    const [first] = moving
    return first === undefined
      ? found
      : [...found, { reason: 'moving', count: moving.length, first }]
  }

  /** The offsets after a batch that has taken `count` files. `hasMore`: eligible files wait. */
  offsetsAfter(
    { offsets, untilMs, nowMs, intervalMs }: FilesQuestion,
    { threshold }: Candidates,
    count: number,
    hasMore: boolean,
  ): FileOffsets {
    const { existing, rememberMs } = this.#parts.selection
    this.#chosenMs = untilMs
    const lookedMs = Math.min(untilMs, nowMs)
    const taken = offsets.taken + count
    // Every file ever taken matters, and none may leave the ledger: this holds for ever.
    if (existing === 'all') return { ...offsets, taken, lookedMs, all: true }
    const next = hasMore ? threshold : Math.max(threshold, lookedMs + intervalMs - rememberMs)
    const all = mindsLateFiles(this.#parts.selection) ? { all: true as const } : {}
    return { ...offsets, ...all, taken, lookedMs, threshold: next }
  }

  /** Notes what a batch has taken. A second call for the same batch changes nothing. */
  async record(taken: readonly TakenFile[], timeMs: number, offsets: FileOffsets): Promise<void> {
    // A batch that another process has chosen may follow batches that this one does not know.
    if (timeMs !== this.#chosenMs) this.#ledger.forgetAll()
    await this.#ledger.record(taken, timeMs, offsets.taken)
    if (offsets.all === true) return this.#ledger.fold()
    const { ignoredMs } = this.#parts.selection
    const reachMs = Math.min(offsets.threshold ?? -Infinity, timeMs - ignoredMs) - 1
    this.#ledger.forget(reachMs)
    if (timeMs < this.#droppedMs + DROP_EVERY_MS) return
    await this.#ledger.drop(reachMs - KEPT_MS)
    this.#droppedMs = timeMs
  }

  #isTaken(
    object: ObjectSummary,
    entry: LedgerEntry | undefined,
    question: FilesQuestion,
    changed: Set<string>,
  ): boolean {
    if (entry === undefined) return false
    if (entry.modifiedMs === object.modifiedMs) return true
    const { selection } = this.#parts
    if (selection.onOverwrite === 'new') return false
    // Spark's path rule: a path that is still remembered is ignored, even if it was written again.
    const isRemembered =
      selection.existing === 'all' ||
      entry.takenMs >= lastChanceOf(object, question, selection) - selection.ignoredMs
    if (isRemembered) this.#reportChange(object, changed)
    return isRemembered
  }

  #firstChance(
    { modifiedMs }: ObjectSummary,
    entry: LedgerEntry | undefined,
    { firstMs, intervalMs }: FilesQuestion,
  ): number {
    const { existing, onOverwrite, ignoredMs } = this.#parts.selection
    const isFree = entry === undefined || onOverwrite === 'new' || existing === 'all'
    const freeMs = isFree ? -Infinity : entry.takenMs + ignoredMs + 1
    return gridTimeAtOrAfter(Math.max(modifiedMs, freeMs, firstMs), firstMs, intervalMs)
  }

  #reportChange({ key, modifiedMs }: ObjectSummary, changed: Set<string>): void {
    const change = `${key}@${modifiedMs}`
    changed.add(change)
    if (this.#reported.has(change)) return
    this.#parts.report({
      event: 'objectSkipped',
      source: this.#parts.source,
      object: key,
      reason: 'it changed after it was read. A file is read once, so write new text to a new file',
    })
  }
}
