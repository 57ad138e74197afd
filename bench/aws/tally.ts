/** Averages and prices of the calls that invocations make. */
import type { CountedCall } from './services.ts'
import { PRICES } from '../../lib/base/prices.ts'

/** The calls of one invocation. */
export type Invocation = readonly CountedCall[]

/** The calls of one invocation, on average. */
export interface Tally {
  readonly invocations: number
  /** Round trips, one after another. */
  readonly trips: number
  /** How many of them contain a call of S3. */
  readonly tripsToS3: number
  readonly writeUnits: number
  readonly readUnits: number
  readonly bytes: number
  /** The number of calls by action and bucket: `PutObject results`. */
  readonly actions: ReadonlyMap<string, number>
}

const mean = (invocations: readonly Invocation[], of: (calls: Invocation) => number): number =>
  invocations.length === 0
    ? 0
    : invocations.reduce((total, calls) => total + of(calls), 0) / invocations.length

const sum = (calls: Invocation, field: 'writeUnits' | 'readUnits' | 'bytes'): number =>
  calls.reduce((total, call) => total + call[field], 0)

const nameOf = ({ action, bucket }: CountedCall): string =>
  bucket === '' ? action : `${action} ${bucket}`

/** Computes the average of invocations. */
export const tallyOf = (invocations: readonly Invocation[]): Tally => {
  const names = [...new Set(invocations.flat().map(nameOf))].toSorted()
  return {
    invocations: invocations.length,
    trips: mean(invocations, (calls) => new Set(calls.map(({ trip }) => trip)).size),
    tripsToS3: mean(
      invocations,
      (calls) =>
        new Set(calls.filter(({ service }) => service === 's3').map(({ trip }) => trip)).size,
    ),
    writeUnits: mean(invocations, (calls) => sum(calls, 'writeUnits')),
    readUnits: mean(invocations, (calls) => sum(calls, 'readUnits')),
    bytes: mean(invocations, (calls) => sum(calls, 'bytes')),
    actions: new Map(
      names.map((name) => [
        name,
        mean(invocations, (calls) => calls.filter((call) => nameOf(call) === name).length),
      ]),
    ),
  }
}

/** An invocation as text: its round trips in order. A plus joins calls of one round trip. */
export const pathOf = (calls: Invocation): readonly string[] =>
  [...Map.groupBy(calls, ({ trip }) => trip).values()].map((sameTrip) => {
    const counts = Map.groupBy(sameTrip, nameOf)
    return [...counts]
      .map(([name, same]) => (same.length === 1 ? name : `${same.length} ${name}`))
      .join(' + ')
  })

/** The cost of a day, in dollars. */
export interface Cost {
  readonly writes: number
  readonly reads: number
  readonly s3Blocks: number
  readonly s3Results: number
  readonly sqs: number
  readonly invocations: number
  readonly compute: number
}

/**
 * How long a round trip in the region takes. These are assumptions, since services in memory answer
 * at once.
 */
const TRIP_S = 0.006
const S3_TRIP_S = 0.03

/** How long an invocation waits for its calls, in seconds. */
export const waitS = ({ trips, tripsToS3 }: Pick<Tally, 'trips' | 'tripsToS3'>): number =>
  (trips - tripsToS3) * TRIP_S + tripsToS3 * S3_TRIP_S

/** The price of one call of S3, in dollars. */
export const s3Price = (action: string): number => {
  if (action.startsWith('Delete')) return 0
  const isWrite = action.startsWith('Put') || action.startsWith('List')
  return isWrite ? PRICES.objectWrites : PRICES.objectReads
}

const ofBucket = ({ actions }: Tally, bucket: string): number =>
  [...actions].reduce(
    (total, [name, count]) => (name.endsWith(` ${bucket}`) ? total + count * s3Price(name) : total),
    0,
  )

/**
 * Prices a day of invocations. `perDay`: invocations per day. `requestsBehind`: requests that
 * Lambda makes to the queue for each invocation, to fetch and delete messages.
 */
export const costOf = (
  tally: Tally,
  worker: { readonly perDay: number; readonly gigabytes: number; readonly requestsBehind: number },
): Cost => {
  const { perDay, gigabytes, requestsBehind } = worker
  const seconds = waitS(tally)
  return {
    writes: perDay * tally.writeUnits * PRICES.writeUnits,
    reads: perDay * tally.readUnits * PRICES.readUnits,
    s3Blocks: perDay * ofBucket(tally, 'blocks'),
    s3Results: perDay * ofBucket(tally, 'results'),
    sqs:
      perDay *
      ((tally.actions.get('SendMessageBatch') ?? 0) + requestsBehind) *
      PRICES.queueRequests,
    invocations: perDay * PRICES.invocations,
    compute: perDay * seconds * gigabytes * PRICES.gigabyteSeconds,
  }
}

/** Adds costs. */
export const addedCosts = (costs: readonly Cost[]): Cost => {
  const total = (field: keyof Cost): number => costs.reduce((all, cost) => all + cost[field], 0)
  return {
    writes: total('writes'),
    reads: total('reads'),
    s3Blocks: total('s3Blocks'),
    s3Results: total('s3Results'),
    sqs: total('sqs'),
    invocations: total('invocations'),
    compute: total('compute'),
  }
}
