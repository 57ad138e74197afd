/** What a case says: delays, the driver, calls and dollars for a million records. */
import { costsOf, dollarsOf, type Usage } from '../../lib/base/prices.ts'
import { METRICS, MONTH_S } from '../costs/load.ts'
import { type Figure, rounded } from '../report.ts'
import { type Batch, type Case, INTERVAL_S, type Measured } from './case.ts'

/** Whether a driver keeps up with its stream. */
export type Verdict = 'keeps up' | 'catches up' | 'falls behind'

/** What a case says. */
export interface Summary {
  readonly of: Case
  readonly verdict: Verdict
  /** From the arrival of a record to the commit of its batch. */
  readonly delayMs: { readonly p50: number; readonly p95: number; readonly max: number }
  /** Processor time of the driver as a share of the time. */
  readonly cpuShare: number
  /** The time of a batch, from its start to its commit, as a share of the interval. The mean. */
  readonly busyShare: number
  /** Records that the driver takes in a second while it runs a batch. */
  readonly recordsPerS: number
  readonly heldMb: number | undefined
  /** Processor milliseconds of intake for each thousand records. */
  readonly intakeCpuMs: number
  readonly calls: Calls
  readonly dollars: Dollars
}

/** Requests for a million records. */
export interface Calls {
  readonly intake: number
  readonly driver: number
  readonly executors: number
}

/** Dollars for a million records. */
export interface Dollars {
  readonly table: number
  readonly bucket: number
  readonly intake: number
  readonly driver: number
  readonly executors: number
  readonly other: number
  readonly total: number
}

const MILLION = 1e6
const BYTES_PER_MB = 1e6

const sumOf = <T>(all: readonly T[], of: (one: T) => number): number =>
  all.reduce((total, one) => total + of(one), 0)

/**
 * A driver keeps up when batches take less than the interval, and the last one left nothing and
 * began before the next one was due. It catches up when less waits than at the first one.
 */
export const verdictOf = (batches: readonly Batch[]): Verdict => {
  const [first] = batches
  const last = batches.at(-1)
  if (first === undefined || last === undefined) return 'falls behind'
  const intervalMs = INTERVAL_S * 1_000
  if (sumOf(batches, ({ processingMs }) => processingMs) >= intervalMs * batches.length)
    return 'falls behind'
  if (last.waits === 0 && last.lateMs < intervalMs) return 'keeps up'
  return last.waits < first.waits && last.lateMs <= first.lateMs ? 'catches up' : 'falls behind'
}

/** Dollars of kinds of usage. */
const priced = (usage: Usage, kinds: readonly (keyof Usage)[]): number => {
  const costs = costsOf(usage)
  return sumOf(kinds, (kind) => costs[kind] ?? 0)
}

const TIME = ['invocations', 'gigabyteSeconds'] as const

/** The price of what was used, for a million records. Kinesis is not in it. */
export const dollarsPerMillion = ({
  usage: { intake, driver, executor },
  accepted,
  of,
}: Pick<Measured, 'usage' | 'accepted' | 'of'>): Dollars => {
  const each = (total: number): number => (total * MILLION) / accepted
  const both = (kinds: readonly (keyof Usage)[]): number =>
    each(sumOf([intake, driver, executor], (usage) => priced(usage, kinds)))
  const metrics = dollarsOf({ metricMonths: METRICS }) * (of.measuredS / MONTH_S)
  const total = each(sumOf([intake, driver, executor], dollarsOf) + metrics)
  const [table, bucket] = [both(['writeUnits', 'readUnits']), both(['objectWrites', 'objectReads'])]
  const times = {
    intake: each(priced(intake, TIME)),
    driver: each(priced(driver, TIME)),
    executors: each(priced(executor, TIME)),
  }
  const named = table + bucket + sumOf(Object.values(times), (one) => one)
  return { table, bucket, ...times, other: total - named, total }
}

const callsPerMillion = ({ requests, accepted }: Measured): Calls => {
  const of = (role: string): number => {
    const own = [...requests].filter(([name]) => name.startsWith(`${role} `))
    return (sumOf(own, ([, count]) => count) * MILLION) / accepted
  }
  return { intake: of('intake'), driver: of('driver'), executors: of('executor') }
}

/** Says what was measured. */
export const summaryOf = (measured: Measured): Summary => {
  const { of, batches, delays, cpuMs, accepted, heldBytes } = measured
  const processingMs = sumOf(batches, (batch) => batch.processingMs)
  return {
    of,
    verdict: verdictOf(batches),
    delayMs: {
      p50: delays.quantileMs(0.5),
      p95: delays.quantileMs(0.95),
      max: delays.quantileMs(1),
    },
    cpuShare: cpuMs.driver / (of.measuredS * 1_000),
    busyShare: processingMs / batches.length / (INTERVAL_S * 1_000),
    recordsPerS: (sumOf(batches, ({ records }) => records) / processingMs) * 1_000,
    heldMb: heldBytes === undefined ? undefined : heldBytes / BYTES_PER_MB,
    intakeCpuMs: (cpuMs.intake / accepted) * 1_000,
    calls: callsPerMillion(measured),
    dollars: dollarsPerMillion(measured),
  }
}

/** A shard takes so many records a second. */
export const FULL_SHARD_RECORDS = 1_000

/** How the figures of a case begin. */
export const nameOf = ({ shards, recordsPerS, executors, keys, atIntake }: Case): string => {
  const full = recordsPerS === FULL_SHARD_RECORDS ? 'full-' : ''
  const counted = keys === 'groups' ? '-groups' : ''
  const stage = atIntake === true ? '-at-intake' : ''
  return `scaling-${shards}-${full}shards-${executors}-executors${counted}${stage}`
}

/** What a case counts, and where its source stage runs. */
const countedIn = ({ keys = 'words', atIntake }: Case): string =>
  atIntake === true ? `${keys}, at intake` : keys

/** The figures of a case. */
export const figuresOf = (summary: Summary): readonly Figure[] => {
  const { delayMs, cpuShare, busyShare, recordsPerS, heldMb, calls, dollars } = summary
  const figure = (name: string, value: number, unit: Figure['unit']): Figure => ({
    bench: 'scaling',
    figure: `${nameOf(summary.of)}-${name}`,
    value: rounded(value),
    unit,
  })
  return [
    figure('delay-p50', delayMs.p50, 'ms'),
    figure('delay-p95', delayMs.p95, 'ms'),
    figure('delay-max', delayMs.max, 'ms'),
    figure('cpu-share', cpuShare, 'ratio'),
    figure('busy-share', busyShare, 'ratio'),
    figure('records-per-s', recordsPerS, 'count'),
    figure('keeps-up', summary.verdict === 'keeps up' ? 1 : 0, 'count'),
    ...(heldMb === undefined ? [] : [figure('held-mb', heldMb, 'MB')]),
    figure('calls-per-million', calls.intake + calls.driver + calls.executors, 'count'),
    figure('dollars-per-million', dollars.total, '$'),
  ]
}

const COLUMNS = [
  'shards',
  'records/s',
  'executors',
  'counted',
  'delay, s: p50',
  'p95',
  'max',
  'CPU',
  'batch',
  'records/s at most',
  'held MB',
  'intake CPU, ms/1,000',
  'verdict',
]

const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
const inSeconds = (ms: number): string => (ms / 1_000).toFixed(1)

/** The rows about time, as cells. */
export const timeRows = (summaries: readonly Summary[]): readonly (readonly string[])[] => [
  COLUMNS,
  ...summaries.map((summary) => {
    const { of, delayMs, heldMb } = summary
    return [
      whole(of.shards),
      whole(of.shards * of.recordsPerS),
      whole(of.executors),
      countedIn(of),
      inSeconds(delayMs.p50),
      inSeconds(delayMs.p95),
      inSeconds(delayMs.max),
      percent(summary.cpuShare),
      percent(summary.busyShare),
      whole(summary.recordsPerS),
      heldMb === undefined ? '-' : heldMb.toFixed(1),
      summary.intakeCpuMs.toFixed(1),
      summary.verdict,
    ]
  }),
]

const MONEY = ['DynamoDB', 'S3', 'intake', 'driver', 'executors', 'other', 'together'] as const

/** The rows about calls and dollars for a million records, as cells. */
export const moneyRows = (summaries: readonly Summary[]): readonly (readonly string[])[] => [
  [
    'for a million records',
    'calls: intake',
    'driver',
    'executors',
    ...MONEY.map((name) => `$ ${name}`),
  ],
  ...summaries.map(({ of, calls, dollars }) => [
    `${whole(of.shards)} shards, ${whole(of.shards * of.recordsPerS)}/s, ` +
      `${of.executors} executors, ${countedIn(of)}`,
    whole(calls.intake),
    whole(calls.driver),
    whole(calls.executors),
    ...[
      dollars.table,
      dollars.bucket,
      dollars.intake,
      dollars.driver,
      dollars.executors,
      dollars.other,
      dollars.total,
    ].map((value) => value.toFixed(4)),
  ]),
]
