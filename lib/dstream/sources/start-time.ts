/** Where the first read of a stream begins, as a source of one says it. */
import { MillraceError } from '../../base/errors.ts'

/** How a source says where it begins. */
export interface StartOption {
  /** Of the declaration, for messages: `kafka`. */
  readonly operation: string
  /** For messages: `startingOffsets`. */
  readonly option: string
  /** Its word for the oldest record: `earliest`. */
  readonly oldest: string
  /** What a stream is divided into, for messages: `shard`. */
  readonly division: string
}

const isStartTime = (start: unknown): start is { readonly at: Date } => {
  const at: unknown =
    typeof start === 'object' && start !== null && 'at' in start ? start.at : undefined
  return at instanceof Date && !Number.isNaN(at.getTime())
}

/**
 * The time from which a stream is first read, epoch milliseconds. Null: from its oldest record.
 *
 * @throws MillraceError `ARGUMENT_INVALID`.
 */
export const checkStart = (start: unknown, names: StartOption): number | null => {
  const { operation, option, oldest, division } = names
  if (start === oldest) return null
  if (isStartTime(start)) return start.at.getTime()
  const isLatest = typeof start === 'string' && /^latest$/i.test(start)
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: isLatest
      ? `${operation}() cannot start at the latest record: records put before the first read of ` +
        `each ${division} would be lost without notice`
      : `${operation}() does not allow this value of ${option}`,
    value: start,
    allowed: `'${oldest}', or { at: Date } with a time in the past`,
    fix: isLatest
      ? `to leave out old records, give a time: ${option}: { at: new Date('2026-01-31T00:00:00Z') }`
      : `${option}: '${oldest}'`,
  })
}
