/** Chooses dead letters, and says which of them can be redriven. */
import type { DeadLettersOfRecord } from '../../state/dead-letter-reader.ts'

/** Which dead letters to choose. */
export interface DeadLetterFilter {
  /** Put aside at this time or later. Epoch milliseconds. */
  readonly fromMs: number
  /** Put aside before the end of this day. Epoch milliseconds. */
  readonly toMs: number
  /** Put aside before this time. Epoch milliseconds. Default: any time. */
  readonly beforeMs?: number
  readonly code?: string
  /** The lane or object, and the position in it. */
  readonly position?: string
  /** The id of a source node. */
  readonly source?: string
  /** The ids of all sources of the pipeline. Undefined: not known. */
  readonly sources?: readonly string[]
  /** Also redrive records that other parts of the pipeline have processed. */
  readonly again?: boolean
}

/** Why a record cannot be redriven. */
export type Obstacle =
  | 'batchOpen'
  | 'unreadable'
  | 'cutOff'
  | 'processedElsewhere'
  | 'sourceGone'
  | 'afterShuffle'

/** The reasons in words. */
export const obstacleTexts: Readonly<Record<Obstacle, string>> = {
  batchOpen: 'the batch of the dead letter is not done yet',
  unreadable:
    'the dead letter holds no record, because the data could not be read. ' +
    'Fix the data where it comes from, and send it again',
  cutOff: 'the record is so large that only its beginning was kept: send the record again',
  processedElsewhere:
    'other parts of the pipeline have counted the record, and would count it again. ' +
    'To redrive it all the same, use --again',
  afterShuffle:
    'the dead letter holds what a key had after a shuffle, and no source can take that. ' +
    'Its data is a line of an object file: correct it by hand',
  sourceGone: 'the pipeline that runs does not have this source',
}

/** Whether the filter chooses one of the dead letters of a record. */
export const matches = (
  record: DeadLettersOfRecord,
  { fromMs, beforeMs = Infinity, code, source, position }: DeadLetterFilter,
): boolean =>
  record[0].timeMs >= fromMs &&
  record[0].timeMs < beforeMs &&
  (source === undefined || record[0].source === source) &&
  (position === undefined || record[0].position === position) &&
  (code === undefined || record.some((deadLetter) => deadLetter.code === code))

/** Why the record cannot be redriven. Undefined: it can. */
export const obstacleTo = (
  record: DeadLettersOfRecord,
  { again = false, sources }: Pick<DeadLetterFilter, 'again' | 'sources'>,
): Obstacle | undefined => {
  const [{ isTrue, form, data, sizeBytes, processedElsewhere, source }] = record
  if (form === undefined) return 'unreadable'
  if (form === 'key') return 'afterShuffle'
  if (form !== 'file' && data.byteLength < sizeBytes) return 'cutOff'
  if (!isTrue) return 'batchOpen'
  if (sources !== undefined && !sources.includes(source)) return 'sourceGone'
  return processedElsewhere === true && !again ? 'processedElsewhere' : undefined
}
