/** The options of `millrace dev`. */
import { usage } from '../usage.ts'

/** The names of the options. */
export const DEV_OPTIONS: readonly string[] = ['bind', 'records', 'run-foreach']

/** What to run on each save. */
export interface DevOptions {
  readonly bindings: readonly string[]
  /** About so many records are read of each source. */
  readonly records: number
  readonly runForeach: boolean
}

interface GivenOptions {
  readonly bind?: readonly string[] | undefined
  readonly records?: string | undefined
  readonly 'run-foreach'?: boolean | undefined
}

const RECORDS = 1_000

/**
 * Reads the options.
 *
 * @throws MillraceError `USAGE`.
 */
export const devOptions = ({
  bind = [],
  records = String(RECORDS),
  'run-foreach': runForeach = false,
}: GivenOptions): DevOptions => {
  if (/^[1-9]\d{0,6}$/.test(records))
    return { bindings: bind, records: Number(records), runForeach }
  throw usage(
    '--records must be a number of records',
    records,
    'a whole number from 1 to 9999999',
    'for example: --records 100',
  )
}
