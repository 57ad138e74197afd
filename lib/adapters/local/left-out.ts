/** What a listing leaves out is said, once for each name. */

/** Names that are remembered as said. More of them are not said one by one. */
const NAMES_MAX = 1_000

/** Says that a path is left out, and why. */
export type LeaveOut = (path: string, why: string) => void

/** Calls `warn` once for each path, and bounds how often. */
export const leaveOutOnce = (warn: (message: string) => void): LeaveOut => {
  const said = new Set<string>()
  return (path, why) => {
    if (said.has(path) || said.size > NAMES_MAX) return
    said.add(path)
    warn(
      said.size > NAMES_MAX
        ? `left out more than ${NAMES_MAX} names. The others are not named here`
        : `left out ${path}: ${why}`,
    )
  }
}
