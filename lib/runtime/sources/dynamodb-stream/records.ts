/** Which records of the stream of a table a source wants, and what is stored of them. */
import type { SourceDeclaration } from '../../../dstream/sources/declaration.ts'

/** A record of an event, or one that was read: the fields that are looked at. */
export interface TableRecord {
  readonly eventID?: string
  readonly eventName?: string
  readonly dynamodb?: {
    /** In seconds. */
    readonly ApproximateCreationDateTime?: number
    readonly SequenceNumber?: string
  }
}

/** Whether a source wants a record. */
export const isWanted = (
  { eventName, dynamodb }: TableRecord,
  { settings = {} }: SourceDeclaration,
): boolean => {
  const { events, startMs } = settings
  const isOther = typeof events === 'string' && !events.split(',').includes(eventName ?? '')
  const createdMs = (dynamodb?.ApproximateCreationDateTime ?? 0) * 1_000
  // Times are whole seconds: a change of the second in which it starts may be wanted.
  const isTooOld = typeof startMs === 'number' && createdMs < Math.floor(startMs / 1_000) * 1_000
  return !isOther && !isTooOld
}

/** A record as it is stored. */
export const textOf = (record: TableRecord): string => JSON.stringify(record)
