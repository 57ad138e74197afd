/** The options of `millrace doctor`. */
import { batchesOptions } from './batches.ts'
import { oneModule } from './run-options.ts'

/** What to examine. */
export interface DoctorOptions {
  /** A time or an age, as the user wrote it. */
  readonly since: string
  /** The pipeline, for its options. Undefined: its limits are not known. */
  readonly module: string | undefined
}

const SINCE = '1d'

/**
 * Reads the options.
 *
 * @throws MillraceError `USAGE`.
 */
export const doctorOptions = (
  modules: readonly string[],
  { since = SINCE }: { readonly since?: string | undefined },
): DoctorOptions => ({
  module: modules.length === 0 ? undefined : oneModule('doctor', modules),
  since: batchesOptions({ since }).since,
})
