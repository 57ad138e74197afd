/** The help of what reads the history. `state` and `app`: the lines of these options. */

/** The help of `millrace batches`. */
export const batchesHelp = (
  state: string,
  app: string,
): string => `millrace batches (--state DIR | --app NAME) [--since WHEN] [--limit N] [--watch]
                 [--json]

Lists the last batches, the oldest first: their records and delays, attempts, dead letters, and why
an attempt failed. A batch that was tried again is one row, with the reason of its last failure. The
history has a week.

${state}
${app}
  --since WHEN      only batches since then: a time (2026-11-22T10:00Z), a date or an age (12h)
  --limit N         at most this many of the newest; default 20
  --watch           go on with those that come, until Ctrl-C
  --json            one JSON object per line, with all that the history has

Examples
  millrace batches --state .millrace/word-count --watch
  millrace batches --app clicks --since 2h --limit 1000
  millrace batches --app clicks --json | jq 'select(.totalDelayMs > 60000)'
`

/** The help of `millrace cost`. */
export const costHelp = (
  state: string,
  app: string,
): string => `millrace cost (--state DIR | --app NAME) [--since WHEN] [--json]

Adds up what a deployed application has used since a time, at most a week ago: units of the table,
requests, time and logs of its functions, and what it stores. Shows the dollars of each, per day at
this rate, and per million records, at list prices.

${state}
${app}
  --since WHEN      since a time (2026-11-22T10:00Z), a date or an age (12h); default 7d
  --json            JSON instead of text

Examples
  millrace cost --app clicks
  millrace cost --app clicks --since 1h --json
`

/** The help of `millrace doctor`. */
export const doctorHelp = (
  state: string,
  app: string,
): string => `millrace doctor [MODULE] (--state DIR | --app NAME) [--since WHEN] [--json]

Looks at the last batches, the state and what waits, and says what does not fit: the batch interval,
executors, memory, limits and rates, the time-out, retention, states that only grow, dead letters,
what costs more than it must. For each: what was seen, why it matters, what to change, and what that
costs or saves. It only reads. With MODULE, the pipeline, it also knows its limits.

${state}
${app}
  --since WHEN      only batches since a time (2026-11-22T10:00Z), a date or an age (12h); default
                    1d. Those before the last deployment do not count
  --json            JSON instead of text

Examples
  millrace doctor --state .millrace/word-count
  millrace doctor clicks.ts --app clicks --since 2h
  millrace doctor --app clicks --json | jq '.findings[].change'
`
