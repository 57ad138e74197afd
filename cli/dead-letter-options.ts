/** The options that choose dead letters. */
import type { DeadLetterCursor } from '../lib/state/dead-letter-reader.ts'
import { parsePage } from './dead-letter-text.ts'
import { parseSince } from './since.ts'
import { usage } from './usage.ts'

/** Which dead letters to list or to redrive. */
export interface DeadLetterOptions {
  /** A time or an age, as the user wrote it. */
  readonly since: string
  readonly code: string | undefined
  readonly source: string | undefined
  readonly limit: number | undefined
  /** A time or an age, as the user wrote it. */
  readonly before: string | undefined
  readonly position: string | undefined
}

/** The options as the user wrote them. */
type GivenOptions = Partial<
  Readonly<Record<'since' | 'before' | 'code' | 'source' | 'position' | 'limit' | 'page', string>>
>

const SINCE = '30d'

const checkWhen = (option: string, given: string): void => {
  if (parseSince(given, 0) !== undefined) return
  throw usage(
    `${option} must be a time (2026-11-28T10:00Z) or an age (2h)`,
    given,
    'a date, a date with a time, or an age in s, m, h or d',
    `for example: ${option} 2026-11-22T10:00Z, or ${option} 12h`,
  )
}

/** Where a page begins. Undefined: at the newest dead letter. */
export const pageOf = ({ page }: GivenOptions): DeadLetterCursor | undefined => {
  const cursor = page === undefined ? undefined : parsePage(page)
  if (page !== undefined && cursor === undefined)
    throw usage(
      '--page must be what an earlier list has printed',
      page,
      'the word after --page in the last line of a list',
      'for example: millrace dead-letters --app clicks --limit 100, and then with --page',
    )
  return cursor
}

/**
 * Which dead letters the options choose.
 *
 * @throws MillraceError `USAGE`.
 */
export const deadLetterOptions = ({
  since = SINCE,
  before,
  code,
  source,
  position,
  limit,
}: GivenOptions): DeadLetterOptions => {
  checkWhen('--since', since)
  if (before !== undefined) checkWhen('--before', before)
  if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit))
    throw usage('--limit must be a whole number', limit, 'from 1', 'for example: --limit 100')
  return {
    since,
    before,
    code,
    source,
    position,
    limit: limit === undefined ? undefined : Number(limit),
  }
}
