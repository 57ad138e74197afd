/** Which dead letters somebody means, and which of them can be given back. */
import type { DeadLettersOfRecord } from '../../state/dead-letter-reader.ts'

/** Which dead letters are meant. */
export interface DeadLetterFilter {
  /** Epoch milliseconds: put aside from then on. */
  readonly fromMs: number
  /** Epoch milliseconds: and by then, to the end of the day. */
  readonly toMs: number
  readonly code?: string
  /** The id of a source node. */
  readonly source?: string
  /** The ids of the sources that there are, where that is known. */
  readonly sources?: readonly string[]
  /** Also records that other parts of the pipeline have taken. */
  readonly again?: boolean
}

/** Why a record cannot be given back. */
export type Obstacle = 'batchOpen' | 'unreadable' | 'cutOff' | 'processedElsewhere' | 'sourceGone'

/** The reasons in words. */
export const obstacleTexts: Readonly<Record<Obstacle, string>> = {
  batchOpen: 'the batch that put it aside is not done yet',
  unreadable:
    'there is no record in it: it could not be read in the first place. Mend the data where it comes from, and send it again',
  cutOff: 'the record is so large that only its beginning was kept: send it again',
  processedElsewhere:
    'other parts of the pipeline have counted it, and would count it again: give it back all the same with --again',
  sourceGone: 'the deployed pipeline has no such source any more',
}

/** Whether one of the letters of a record is meant. */
export const matches = (record: DeadLettersOfRecord, { code, source }: DeadLetterFilter): boolean =>
  (source === undefined || record[0].source === source) &&
  (code === undefined || record.some((letter) => letter.code === code))

/** Why the record cannot be given back; undefined: it can. */
export const obstacleTo = (
  record: DeadLettersOfRecord,
  { again = false, sources }: Pick<DeadLetterFilter, 'again' | 'sources'>,
): Obstacle | undefined => {
  const [{ isTrue, form, data, sizeBytes, processedElsewhere, source }] = record
  if (form === undefined) return 'unreadable'
  if (data.byteLength < sizeBytes) return 'cutOff'
  if (!isTrue) return 'batchOpen'
  if (sources !== undefined && !sources.includes(source)) return 'sourceGone'
  return processedElsewhere === true && !again ? 'processedElsewhere' : undefined
}
