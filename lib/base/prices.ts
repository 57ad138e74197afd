/**
 * The one price table: list prices of us-east-1 in November 2026, in dollars, without a free tier.
 * Tables are on demand, functions run on arm64. Deleting an object is free, and listing costs as
 * much as writing one. A gigabyte of what is stored is one of 1,024 MB.
 */
import { MillraceError } from './errors.ts'

/** What is counted. */
export type UsageKind =
  | 'writeUnits'
  | 'readUnits'
  | 'objectWrites'
  | 'objectReads'
  | 'queueRequests'
  | 'invocations'
  | 'gigabyteSeconds'
  | 'logBytes'
  | 'scheduledCalls'
  | 'keyRequests'
  | 'metricMonths'
  | 'alarmMonths'
  | 'tableGigabyteMonths'
  | 'objectGigabyteMonths'

/** What the prices below are of. */
export const PRICES_OF: { readonly region: string; readonly month: string } = Object.freeze({
  region: 'us-east-1',
  month: 'November 2026',
})

/** The price of one unit of everything that is counted. */
export const PRICES: Readonly<Record<UsageKind, number>> = Object.freeze({
  /** 1 KB of an item, written or deleted. */
  writeUnits: 0.625 / 1e6,
  /** 4 KB of items, read strongly consistent. */
  readUnits: 0.125 / 1e6,
  /** PUT, COPY, POST and LIST. */
  objectWrites: 5 / 1e6,
  /** GET and HEAD. */
  objectReads: 0.4 / 1e6,
  /** A request, for each 64 KB. */
  queueRequests: 0.4 / 1e6,
  invocations: 0.2 / 1e6,
  gigabyteSeconds: 13.3334 / 1e6,
  /** A byte of a log that is ingested. */
  logBytes: 0.5 / 1e9,
  /** An invocation by a schedule. */
  scheduledCalls: 1 / 1e6,
  /** Calls of the key management service. Keys of AWS and of S3 make none that are billed. */
  keyRequests: 3 / 1e6,
  /** A metric for a month. */
  metricMonths: 0.3,
  /** An alarm for a month. */
  alarmMonths: 0.1,
  /** A gigabyte in a table for a month. */
  tableGigabyteMonths: 0.25,
  /** A gigabyte in a bucket for a month. */
  objectGigabyteMonths: 0.023,
})

/** How much of each kind was used. What is left out was not used. */
export type Usage = Readonly<Partial<Record<UsageKind, number>>>

/** The sum of some usages. */
export const usageSum = (usages: readonly (Usage | undefined)[]): Usage => {
  const sums: Partial<Record<UsageKind, number>> = {}
  for (const usage of usages)
    for (const [kind, amount] of Object.entries(usage ?? {}) as [UsageKind, number][])
      sums[kind] = (sums[kind] ?? 0) + amount
  return sums
}

/** Whether a text names something that is counted. */
const isKind = (name: string): name is UsageKind => Object.hasOwn(PRICES, name)

/** The cost of each kind in a usage, in dollars. */
export const costsOf = (usage: Usage): Usage =>
  Object.fromEntries(
    Object.entries(usage).map(([name, amount]) => {
      if (!isKind(name))
        throw new MillraceError('ARGUMENT_INVALID', {
          problem: 'There is no price for this kind of usage',
          value: name,
          allowed: Object.keys(PRICES).join(', '),
        })
      return [name, amount * PRICES[name]]
    }),
  )

/** The cost of a usage, in dollars. */
export const dollarsOf = (usage: Usage): number =>
  Object.values(costsOf(usage)).reduce((total, dollars) => total + dollars, 0)
