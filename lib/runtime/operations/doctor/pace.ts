/** Whether batches keep up: the interval, and what keeps batches from taking more. */
import { count, percentText, spanText } from '../../../base/amount-text.ts'
import type { Amounts, FallingBehind, HeldBy } from '../../../state/load.ts'
import type { BatchRecord } from '../../../state/history/batch-record.ts'
import {
  delayOf,
  driverUse,
  durationCode,
  type Fit,
  fitOf,
  inTime,
  median,
  roundUp,
  roundUpMs,
  sumOf,
  waitingOf,
} from './figures.ts'
import type { Check, Examined, Finding, FindingCode } from './finding.ts'

/** Batches that say whether they keep up. */
export const PACE_SEEN = 10
/** A batch should take no more of its interval: what waits after a pause needs the rest. */
const SHARE = 0.8
/** With less of the interval taken, there is time left. */
const TIME_LEFT = 0.5
/** Where records alone take so much of the time, no interval helps. */
const RECORDS_SHARE_MAX = 0.75

/** What a driver has for its batches. */
export interface Pace {
  readonly intervalMs: number | undefined
  /** In the middle of the last batches. */
  readonly processingMs: number | undefined
}

/** Batches that take longer than their interval. Undefined: they do not. */
export const slowFinding = (
  { intervalMs, processingMs = 0 }: Pace,
  change: string = 'Look at a batch to see what takes long. Then do less for each record, give ' +
    'the process more processor, or choose a longer batchInterval',
): Finding | undefined =>
  intervalMs === undefined || processingMs <= intervalMs
    ? undefined
    : {
        code: 'INTERVAL_SHORT',
        severity: 'problem',
        seen:
          `Batches take longer than their interval: ${spanText(processingMs)}, and one is due ` +
          `every ${spanText(intervalMs)}`,
        why: 'So each batch begins later than the one before',
        change,
        figures: { intervalMs, processingMs },
      }

/** See {@link slowFinding}, with an interval that fits. */
export const intervalShort: Check = (examined) => {
  const { intervalMs } = examined
  const batches = inTime(examined.batches)
  const last = batches.slice(-PACE_SEEN)
  if (last.length < PACE_SEEN || intervalMs === undefined) return []
  const processingMs = median(last.map((one) => one.processingMs))
  const fit = fitOf(batches)
  const advice = intervalAdvice(examined, intervalMs, processingMs, fit)
  const found = slowFinding({ intervalMs, processingMs }, advice.change)
  // A slow batch now and then delays no other.
  if (found === undefined || median(last.map(delayOf)) < LATE_SHARE * intervalMs) return []
  return [{ ...found, ...advice.more, figures: { ...found.figures, ...advice.figures } }]
}

const LATE_SHARE = 0.1

interface IntervalAdvice {
  readonly change: string
  readonly figures: Readonly<Record<string, number>>
  readonly more: Pick<Finding, 'effect' | 'dollarsPerDay'>
}

const intervalAdvice = (
  examined: Examined,
  intervalMs: number,
  processingMs: number,
  fit: Fit | undefined,
): IntervalAdvice => {
  const { isDeployed } = examined
  const batches = inTime(examined.batches)
  const recordsPerMs = sumOf(batches.map(({ records }) => records)) / (batches.length * intervalMs)
  const share = fit === undefined ? 0 : fit.msEach * recordsPerMs
  const faster = isDeployed
    ? 'give the driver more memory, which brings more processor, or executors'
    : 'give it more processors (parallelism)'
  if (share > RECORDS_SHARE_MAX)
    return {
      change:
        `A longer interval does not help: ${spanText(fit?.msEach ?? 0)} for a record is ` +
        `${percentText(share)} of the time at ` +
        `${count(Math.round(recordsPerMs * 1_000), 'record')} a second. ` +
        `Do less for each record, or ${faster}`,
      figures: { share },
      more: {},
    }
  const fixedMs = fit?.fixedMs ?? processingMs
  const fitsMs = roundUpMs(Math.max(fixedMs / (SHARE - share), intervalMs + 1))
  return {
    change:
      `batchInterval: ${durationCode(fitsMs)}` +
      (fit === undefined
        ? `, if most of that time is the same for each batch. If it is for records, do less for ` +
          `each of them, or ${faster}`
        : `: of the time of a batch, ${spanText(fixedMs)} is the same however many records it has`),
    figures: { fitsMs },
    more: longerInterval(examined, intervalMs, fitsMs),
  }
}

/** What a longer interval changes. Windows and slides have to stay multiples of it. */
export const longerInterval = (
  { batches }: Pick<Examined, 'batches'>,
  intervalMs: number,
  fitsMs: number,
): Pick<Finding, 'effect' | 'dollarsPerDay'> => {
  const later = `A record waits some ${spanText((fitsMs - intervalMs) / 2)} longer for its batch`
  const windows = 'Windows and slides must be multiples of the interval'
  const { dollarsPerDay } = driverUse(batches) ?? {}
  if (dollarsPerDay === undefined) return { effect: `${later}. ${windows}` }
  const change = dollarsPerDay * (intervalMs / fitsMs - 1)
  return {
    effect: `${later}. Fewer batches save about $${(-change).toFixed(2)} a day. ${windows}`,
    dollarsPerDay: change,
  }
}

const HELD: Readonly<Record<HeldBy, readonly [code: FindingCode, change: string]>> = {
  time: [
    'FALLING_BEHIND',
    'Batches take all that fits into their interval: give the driver more memory, which brings ' +
      'more processor, choose a longer batchInterval, or do less for each record',
  ],
  memory: [
    'FALLING_BEHIND',
    'Batches do not grow, because more than half of the memory is in use: give the process more',
  ],
  limits: ['LIMITS_HOLD', 'Batches take all that limits.growth allows: raise it, or the limits'],
  rate: [
    'RATE_HOLDS',
    'Batches take all that the rate of a source allows: raise it. With back-pressure, give the ' +
      'driver more memory, or do less for each record',
  ],
  input: ['FALLING_BEHIND', 'Batches still grow. If it goes on, give the driver more memory'],
}

/** An application that falls behind, as its driver has measured it. */
export const fallingFinding = ({
  delayMs,
  perSecond,
  heldBy,
  records,
  bytes,
  objects,
}: FallingBehind): Finding => {
  const [code, change] = HELD[heldBy]
  const amounts = amountsText({ records, bytes, objects })
  const more = amountsText(perSecond)
  const parts = [
    ...(amounts === '' ? [] : [`${amounts} wait`]),
    ...(more === '' ? [] : [`${more} more each second`]),
    ...(delayMs < 1_000
      ? []
      : [`batches begin ${count(Math.round(delayMs / 1_000), 'second')} late`]),
  ]
  return {
    code,
    severity: 'problem',
    seen: `Falling behind: ${parts.join(', ')}`,
    why: '',
    change,
    figures: { records, bytes, objects, delayMs },
  }
}

/** The largest figures of an amount, as text. Empty: there is nothing. */
const amountsText = ({ objects, records, bytes }: Amounts): string =>
  [
    ...(objects > 0 ? [count(objects, 'file')] : []),
    ...(records > 0 ? [count(records, 'record')] : []),
    ...(bytes > 0 ? [count(bytes, 'byte')] : []),
  ].join(' and ')

/** What the driver says of itself, unless the interval or a limit explains it. */
export const fallingBehind: Check = ({ head }) => {
  const falling = head?.load?.falling
  if (falling === undefined || ['rate', 'limits'].includes(falling.heldBy)) return []
  return [fallingFinding(falling)]
}

const STILL_SHRINKS = 0.9

/** A limit or a rate that holds input back although there is time left. */
export const heldBack: Check = (examined) => {
  const { batches, intervalMs, head } = examined
  const heldBy = head?.load?.heldBy
  const last = batches.slice(-PACE_SEEN)
  if (last.length < PACE_SEEN || intervalMs === undefined) return []
  if (heldBy !== 'rate' && heldBy !== 'limits') return []
  const waits = last.map(waitingOf)
  const [first = 0] = waits
  const lastWaits = waits.at(-1) ?? 0
  const processingMs = median(last.map((one) => one.processingMs))
  if (waits.some((one) => one === 0) || lastWaits < STILL_SHRINKS * first) return []
  if (processingMs > TIME_LEFT * intervalMs) return []
  return [heldFinding(examined, { heldBy, last, intervalMs, processingMs, waits: lastWaits })]
}

interface Held {
  readonly heldBy: 'rate' | 'limits'
  readonly last: readonly BatchRecord[]
  readonly intervalMs: number
  readonly processingMs: number
  readonly waits: number
}

const heldFinding = (
  { options, isDeployed }: Examined,
  { heldBy, last, intervalMs, processingMs, waits }: Held,
): Finding => {
  const taken = median(last.map(({ records, objects }) => (records > 0 ? records : objects)))
  const unit = last.some(({ records }) => records > 0) ? 'record' : 'file'
  const times = (SHARE * intervalMs) / Math.max(processingMs, 1)
  const fits = roundUp(taken * times)
  const perSecond = roundUp((taken * times * 1_000) / intervalMs)
  const growth = options?.limits.growth
  const change =
    heldBy === 'rate'
      ? `rate: { max: ${perSecond} }` +
        (options?.rate === undefined ? '' : `, instead of ${options.rate.max}`) +
        `: so much fits into ${percentText(SHARE)} of an interval. The same counts for maxPerLane`
      : growth === undefined || growth > 1
        ? `limits: { ${unit}s: ${fits} }, or a larger limits.growth`
        : `Leave limits.growth out, or set limits: { ${unit}s: ${fits} }`
  return {
    code: heldBy === 'rate' ? 'RATE_HOLDS' : 'LIMITS_HOLD',
    severity: 'problem',
    seen:
      `${count(waits, unit)} wait and do not get fewer, while a batch takes ` +
      `${count(taken, unit)} in ${spanText(processingMs)} of its ${spanText(intervalMs)}`,
    why:
      heldBy === 'rate'
        ? 'The rate of the source holds input back although there is time left'
        : 'The limits of a batch hold input back although there is time left',
    change,
    effect:
      `The backlog of ${count(waits, unit)} is done ${Math.floor(times)} times as fast` +
      (isDeployed ? '. Records cost the same in larger batches, or less' : ''),
    figures: { waits, taken, processingMs, intervalMs, fits, perSecond },
  }
}
