/**
 * Writes each entry as one line of JSON. Metrics are made from these lines, and CloudWatch Logs
 * Insights can read them.
 */
export type Log = (entry: Readonly<Record<string, unknown>>) => void

/** Makes a log from a function that writes lines. */
export const jsonLog =
  (write: (line: string) => void): Log =>
  (entry) =>
    write(JSON.stringify(entry))
