/**
 * Reads records from the files of a directory. The file chooser decides which files a batch takes.
 * If a file is gone when it is read, it leaves the batch before outputs start.
 */
import { MillraceError } from '../../../base/errors.ts'
import type { FileSelection } from '../../../dstream/sources/file-selection.ts'
import { recordsIn, type SourcePartition } from '../../../rdd/partition.ts'
import { deadLetterOfFile } from '../../../state/dead-letters.ts'
import type { FileOffsets } from '../../../state/offsets.ts'
import type { SegmentRef } from '../../../state/segments.ts'
import {
  countedFiles,
  describeFiles,
  noteFiles,
  readFile,
  type SkippedFile,
  storedIn,
  withinLimits,
} from '../file-elements.ts'
import { areReadAtOnce, filePartitions } from '../lazy-files.ts'
import { ClockSkew } from '../clock-skew.ts'
import type { InputKind, SourcePlace } from '../source-kind.ts'
import {
  type Behind,
  type InputData,
  NOTHING_WAITS,
  type PutAside,
  type SourceInput,
  type SourceReader,
} from '../source-reader.ts'
import { type Candidate, FileChooser, type FilesReaderParts } from './file-chooser.ts'
import { recordFiles } from './ledger.ts'

/** What a batch takes from a directory. */
export interface FilesInput extends SourceInput<'files'> {
  readonly kind: 'files'
  /** In the order of (modified, key). */
  readonly taken: readonly Candidate[]
  /** Files from before the clock was set back. They count as taken, and are not read. */
  readonly judged?: readonly Candidate[]
  /** Files that were gone when the batch read them. */
  readonly skipped: readonly SkippedFile[]
}

const NOTHING: FileOffsets = { taken: 0 }

/** The reader of a source that watches a directory. */
export const filesReader = (parts: FilesReaderParts): SourceReader<FilesInput> => {
  const { source, objects, selection, report } = parts
  const files = new FileChooser(parts)
  const skew = new ClockSkew(source, report)
  let behind: Behind = NOTHING_WAITS
  const bytesOf: typeof objects.read = (object, range) => objects.read(object, range)

  return {
    kind: 'files',
    parts: ['files'],
    isPolled: true,
    async allocate({ timeMs, offsets, limits, ...times }) {
      const question = { ...times, untilMs: timeMs, offsets: offsets.files ?? NOTHING }
      const candidates = await files.candidates(question)
      skew.tell(objects.aheadMs?.(), times.nowMs)
      const due = candidates.files.filter((object) => object.modifiedMs <= timeMs)
      const taken = withinLimits(due, limits)
      // They may be from beyond the batch time, and count as taken in this batch.
      const judged = candidates.judged.map((one) => ({ ...one, takenMs: timeMs }))
      const count = taken.length + judged.length
      const hasMore = taken.length < due.length
      behind = storedIn(due.slice(taken.length))
      return {
        kind: 'files',
        taken,
        ...(judged.length === 0 ? {} : { judged }),
        skipped: [],
        records: 0,
        bytes: taken.reduce((total, object) => total + object.sizeBytes, 0),
        objects: taken.length,
        offsets: { files: files.offsetsAfter(question, candidates, count, hasMore) },
      }
    },
    behind: () => behind,
    counted: ({ taken }) => countedFiles(taken),
    read: (input, putAside, isRetry = false) => readFiles(parts, input, putAside, isRetry),
    readAgain: (file, putAside) => readFile(file, bytesOf, { ...selection, source, putAside }),
    async recordTaken(input, timeMs): Promise<void> {
      await files.record(countedIn(input), timeMs, input.offsets.files ?? NOTHING)
    },
    async waiting({ offsets, ...times }): Promise<number | undefined> {
      const question = { ...times, untilMs: times.nowMs, offsets: offsets.files ?? NOTHING }
      return files.waitingMs(question)
    },
    leftOut: ({ offsets, ...times }) =>
      files.leftOut({ ...times, untilMs: times.nowMs, offsets: offsets.files ?? NOTHING }),
    blocks: (): readonly SegmentRef[] => [],
  }
}

/** Reads the files of an input, and leaves out those that are gone. */
const readFiles = async (
  { source, objects, selection, report, held }: FilesReaderParts,
  input: FilesInput,
  putAside: PutAside,
  isRetry: boolean,
): Promise<InputData<FilesInput>> => {
  const atOnce = areReadAtOnce(input.taken, held)
  const reading = { ...selection, source, putAside, held, isRetry, atOnce }
  const partitions: SourcePartition<unknown>[] = []
  const taken: Candidate[] = []
  const skipped = [...input.skipped]
  for (const object of input.taken) {
    if (object.isLate === true) {
      putAside(deadLetterOfFile(source, object, late(object, selection)))
      taken.push(object)
      continue
    }
    const file = await filePartitions(object, (one, range) => objects.read(one, range), reading)
    if (file.found) {
      taken.push(object)
      for (const partition of file.partitions) partitions.push(partition)
    } else {
      skipped.push({ key: object.key, reason: file.gone })
      const reason = `it is ${file.gone} since it was listed`
      report({ event: 'objectSkipped', source, object: object.key, reason })
    }
  }
  return {
    partitions,
    input: { ...input, taken, skipped, objects: taken.length },
    records: recordsIn(partitions),
  }
}

const late = ({ key }: Candidate, { rememberMs }: FileSelection): MillraceError =>
  new MillraceError('OBJECT_LATE', {
    problem: 'The file came later than its source allows',
    value: key,
    allowed: `${rememberMs} ms after its modification time`,
    fix: "redrive it, give remember more time, or take late files with lateFiles: 'take'",
  })

/** The files that count as taken after a batch. */
const countedIn = ({ taken, judged = [] }: FilesInput): readonly Candidate[] => [
  ...taken,
  ...judged,
]

/** Inputs from directories. */
export const filesInput: InputKind<FilesInput> = Object.freeze({
  name: 'files',
  skip: async (place: SourcePlace, input: FilesInput, timeMs: number): Promise<void> =>
    void (await recordFiles(place, countedIn(input), timeMs)),
  describe: (source: string, { taken }: FilesInput) => describeFiles(source, taken),
  note: ({ taken }: FilesInput) => noteFiles(taken),
})
