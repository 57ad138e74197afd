/** The calls of an application at which the test stops it. */
import type { Matcher } from './gate.ts'

type Row = Readonly<Record<string, { readonly S?: string; readonly N?: string } | undefined>>

const putRow = ({ action, body }: Parameters<Matcher>[0]): Row =>
  action === 'PutItem' ? (JSON.parse(body.toString()) as { readonly Item: Row }).Item : {}

const isHead = (app: string, row: Row): boolean => row['pk']?.S === `${app}#head`

/** Intake makes records durable (B1). */
export const appends =
  (app: string): Matcher =>
  (call) =>
    putRow(call)['pk']?.S?.startsWith(`${app}#in#`) === true

/** The lane into which a call appends. */
export const laneOf = (call: Parameters<Matcher>[0]): string => putRow(call)['sk']?.S ?? ''

/** The driver takes the lease and logs a batch (B2). */
export const logsBatch =
  (app: string): Matcher =>
  (call) => {
    const row = putRow(call)
    return isHead(app, row) && row['owner'] !== undefined && row['next'] !== undefined
  }

/** The time of the batch that a call logs. */
export const loggedTime = (call: Parameters<Matcher>[0]): number => Number(putRow(call)['next']?.N)

/**
 * The driver commits the batch of that time (B5). Matches the first such call: later ones may put
 * the head to rest.
 */
export const commits =
  (app: string, timeMs: number): Matcher =>
  (call) => {
    const row = putRow(call)
    return isHead(app, row) && Number(row['doneMs']?.N) === timeMs && row['next'] === undefined
  }

/** The driver writes a file of an output. */
export const writesFile =
  (bucket: string): Matcher =>
  ({ action, path }) =>
    action === 'PUT' && path.startsWith(`/${bucket}/`)

/**
 * The driver writes a part of an output. Unlike the sign that an output is complete, a part belongs
 * to a batch that is not committed yet, so that a refusal makes a batch fail.
 */
export const writesPart =
  (bucket: string): Matcher =>
  (call) =>
    writesFile(bucket)(call) && call.path.includes('/part-')
