/** The options of `millrace replay`. */
import { parseSince } from '../since.ts'
import { checkApp, usage } from '../usage.ts'

/** The names of the options. */
export const REPLAY_OPTIONS: readonly string[] = [
  'from',
  'to',
  'app',
  'state',
  'bind',
  'against',
  'into',
  'into-app',
  'run-foreach',
  'limit',
  'json',
]

/** What to replay. */
export interface ReplayOptions {
  /** Times or ages, as the user wrote them. */
  readonly from: string
  readonly to: string
  /** The application. Undefined: the store that a run of the module uses. */
  readonly of: { readonly state: string } | { readonly app: string } | undefined
  readonly bindings: readonly string[]
  /** The module as it was. Undefined: compares with what is stored. */
  readonly against: string | undefined
  /** The directory of the copy. Undefined: in memory. */
  readonly into: string | undefined
  /** The application that gets the copy. Undefined: none. */
  readonly intoApp: string | undefined
  readonly runForeach: boolean
  /** So many records are shown. */
  readonly limit: number
}

interface GivenOptions {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly app?: string | undefined
  readonly state?: string | undefined
  readonly bind?: readonly string[] | undefined
  readonly against?: string | undefined
  readonly into?: string | undefined
  readonly 'into-app'?: string | undefined
  readonly 'run-foreach'?: boolean | undefined
  readonly limit?: string | undefined
}

const LIMIT = 40

/**
 * Reads the options.
 *
 * @throws MillraceError `USAGE`.
 */
export const replayOptions = (given: GivenOptions): ReplayOptions => {
  const { app, state, bind = [], against, into, 'into-app': intoApp, limit = String(LIMIT) } = given
  if (app !== undefined && state !== undefined)
    throw usage(
      'millrace replay reads one application',
      `--state ${state} --app ${app}`,
      '--state DIR or --app NAME',
      'leave out one of them',
    )
  if (into !== undefined && intoApp !== undefined)
    throw usage(
      'millrace replay keeps one copy',
      `--into ${into} --into-app ${intoApp}`,
      '--into DIR or --into-app NAME',
      'leave out one of them',
    )
  if (!/^\d{1,6}$/.test(limit))
    throw usage(
      '--limit must be a number of records',
      limit,
      'a whole number up to 999999',
      'for example: --limit 100',
    )
  const of =
    app !== undefined ? { app: checkApp(app) } : state !== undefined ? { state } : undefined
  return {
    from: timeOption('--from', given.from),
    to: timeOption('--to', given.to ?? '0s'),
    of,
    bindings: bind,
    against,
    into,
    intoApp: intoApp === undefined ? undefined : checkApp(intoApp),
    runForeach: given['run-foreach'] === true,
    limit: Number(limit),
  }
}

const timeOption = (name: string, text: string | undefined): string => {
  if (text !== undefined && parseSince(text, 0) !== undefined) return text
  throw usage(
    `${name} must be a time (2026-11-28T10:00Z) or an age (2h)`,
    text ?? 'nothing',
    'a date, a date with a time, or an age in s, m, h or d',
    `for example: ${name} 2026-11-28T10:00Z, or ${name} 12h`,
  )
}
