/**
 * Writes one line of JSON for each thing worth knowing: what metrics are made of, and what
 * CloudWatch Logs Insights reads by itself.
 */
export type Log = (entry: Readonly<Record<string, unknown>>) => void

/** A log over a port that takes lines. */
export const jsonLog =
  (write: (line: string) => void): Log =>
  (entry) =>
    write(JSON.stringify(entry))
