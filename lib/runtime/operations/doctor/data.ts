/** What becomes of the data: lost records, dead letters, states that only grow, skew. */
import { bytesText, count, percentText, spanText } from '../../../base/amount-text.ts'
import { greatestOf } from '../../../base/extremes.ts'
import type { BatchRecord, StateSize } from '../../../state/history/batch-record.ts'
import type { StateOverview } from '../status.ts'
import { isRedriveLane } from '../../dead-letters/redrive-lanes.ts'
import { delayOf, inTime, median, sumOf, waitingOf, withInput } from './figures.ts'
import type { Check, Examined, Finding } from './finding.ts'

const DAY_MS = 86_400_000

const LETTERS_SHARE = 0.01
const LETTERS_MIN = 10

/** Dead letters above a share of the records. */
export const deadLettersMany: Check = ({ batches, deadLetters, target }) => {
  const records = sumOf(batches.map((one) => one.records))
  const put = greatestOf([deadLetters.count, sumOf(batches.map((one) => one.deadLetters))])
  const share = put / Math.max(1, records + put)
  if (put < LETTERS_MIN || share < LETTERS_SHARE) return []
  const codes = Object.entries(deadLetters.byCode).toSorted(([, a], [, b]) => b - a)
  const [code = '', number = put] = codes[0] ?? []
  const some = deadLetters.some.find((one) => one.code === code)
  return [
    {
      code: 'DEAD_LETTERS_MANY',
      severity: 'problem',
      seen:
        `${count(put, 'record')} of ${(records + put).toLocaleString('en-US')} were put aside, ` +
        `${percentText(share)}` +
        (code === '' ? '' : `; ${number.toLocaleString('en-US')} with ${code}`) +
        (some === undefined ? '' : `, such as: ${some.message.split('\n')[0]}`),
      why: 'They are in no result until somebody redrives them',
      change:
        `Look at them: millrace dead-letters ${target}${code === '' ? '' : ` --code ${code}`}. ` +
        `Mend the function, or drop such records with filter(). Then: millrace redrive ${target}`,
      effect: 'A redriven record costs what a new one does',
      figures: { deadLetters: put, records, share },
    },
  ]
}

/** Records that are gone. */
export const inputLost: Check = ({ batches }) => {
  const lost = sumOf(batches.map((one) => one.lost))
  if (lost === 0) return []
  const { timeMs = 0 } = batches.findLast((one) => one.lost > 0) ?? {}
  return [
    {
      code: 'INPUT_LOST',
      severity: 'problem',
      seen:
        `${count(lost, 'record')} no longer existed when a batch wanted them, the last ones at ` +
        new Date(timeMs).toISOString(),
      why: 'They are in no result',
      change:
        'A longer retention of the source (streamRetention of the construct), or ' +
        "onDataLoss: 'halt' to stop instead",
      figures: { lost, lastMs: timeMs },
    },
  ]
}

const QUARTER = 4
const LAG_BATCHES_MIN = 20
const LAG_INTERVALS = 5
const AHEAD_MS = 7 * DAY_MS

/** A source that keeps its records for less time than the application is behind. */
export const retentionShort: Check = ({ batches, retentionMs, intervalMs = 0 }) =>
  Object.entries(retentionMs).flatMap(([id, keptMs]): readonly Finding[] => {
    const lags = lagsOf(batches, id)
    if (lags.length < LAG_BATCHES_MIN || !isBehind(batches, intervalMs)) return []
    const part = Math.ceil(lags.length / QUARTER)
    const [early, late] = [lags.slice(0, part), lags.slice(-part)]
    const lagMs = median(late.map((one) => one.lagMs))
    const grownMs = lagMs - median(early.map((one) => one.lagMs))
    const overMs = median(late.map(({ atMs }) => atMs)) - median(early.map(({ atMs }) => atMs))
    const grows = grownMs > LAG_INTERVALS * intervalMs && overMs > 0
    const leftMs = grows ? ((keptMs - lagMs) * overMs) / grownMs : Infinity
    if (lagMs < keptMs / 2 && leftMs > AHEAD_MS) return []
    return [
      retentionFinding(id, { lagMs, keptMs, leftMs, perHourMs: (grownMs / overMs) * 3_600_000 }),
    ]
  })

/**
 * Whether batches leave something, or begin late. Else the age of records says little: intake
 * merges appends, and the age is that of the first one.
 */
const isBehind = (batches: readonly BatchRecord[], intervalMs: number): boolean => {
  const last = batches.slice(-LAG_BATCHES_MIN)
  return (
    last.every((one) => waitingOf(one) > 0) ||
    median(last.map(delayOf)) > LAG_INTERVALS * intervalMs
  )
}

interface Lag {
  readonly atMs: number
  readonly lagMs: number
}

const lagsOf = (batches: readonly BatchRecord[], id: string): readonly Lag[] =>
  batches.flatMap(({ timeMs, startedMs = timeMs, sources = [] }) => {
    const lanes = sources.find((source) => source.id === id)?.lanes ?? []
    const lagMs = greatestOf(lanes.map((lane) => lane.lagMs ?? 0))
    return lanes.length === 0 ? [] : [{ atMs: startedMs, lagMs }]
  })

const retentionFinding = (
  id: string,
  {
    lagMs,
    keptMs,
    leftMs,
    perHourMs,
  }: Readonly<Record<'lagMs' | 'keptMs' | 'leftMs' | 'perHourMs', number>>,
): Finding => ({
  code: 'RETENTION_SHORT',
  severity: 'problem',
  of: id,
  seen:
    `${id} keeps records for ${spanText(keptMs)}, and those that batches take are ` +
    `${spanText(lagMs)} old` +
    (leftMs === Infinity
      ? ''
      : `, ${spanText(perHourMs)} more each hour: ` +
        `they reach that in ${spanText(Math.max(0, leftMs))}`),
  why:
    'A lane that is full leaves records in their source, and a new deployment reads combined ' +
    'records there again. What is older than the retention is gone',
  change:
    'streamRetention: Duration.days(7) of the construct, or that of your own stream. And mend ' +
    'what makes it fall behind',
  effect: 'Kinesis bills what it keeps after the first day by the gigabyte',
  figures: { lagMs, retentionMs: keptMs, ...(leftMs === Infinity ? {} : { leftMs }) },
})

const GROWS_BATCHES_MIN = 50
/** A state that levels out grows less in the second half of the time. */
const STEADY = 0.7
const MONTH_DAYS = 30
/** A state below this size in a month is no matter. */
const STATE_BYTES_MIN = 256 * 1024 * 1024

/** Windows and waiting files have an end of their own. */
const isKeyed = ({ holds }: StateOverview): boolean => holds === 'keys'

/** States whose keys never end, and whose size only grows. */
export const statesGrow: Check = (examined) => {
  const { states } = examined
  const batches = inTime(examined.batches)
  return states
    .filter(isKeyed)
    .filter(({ idleMs }) => idleMs === undefined)
    .flatMap(({ id, kind }): readonly Finding[] => {
      const sizes = batches.flatMap((batch) => {
        const size = batch.states?.find((state) => state.id === id)
        return size === undefined ? [] : [{ ...size, timeMs: batch.timeMs }]
      })
      const grown = growthOf(sizes)
      return grown === undefined ? [] : [growsFinding({ id, kind, ...grown }, examined)]
    })
}

interface Growth {
  readonly bytes: number
  readonly keys: number | undefined
  readonly perDay: number
}

type Sized = StateSize & Pick<BatchRecord, 'timeMs'>

const growthOf = (sizes: readonly Sized[]): Growth | undefined => {
  const [first] = sizes
  const middle = sizes[Math.floor(sizes.length / 2)]
  const last = sizes.at(-1)
  if (first === undefined || middle === undefined || last === undefined) return undefined
  if (sizes.length < GROWS_BATCHES_MIN) return undefined
  // Keys are exact. Bytes of a state also fall and rise with its merges.
  const sizeOf = ({ keys, bytes }: Sized): number => keys ?? bytes
  const [early, late] = [sizeOf(middle) - sizeOf(first), sizeOf(last) - sizeOf(middle)]
  if (late <= 0 || late < STEADY * early) return undefined
  const days = (last.timeMs - middle.timeMs) / DAY_MS
  const bytesEach = last.bytes / Math.max(1, sizeOf(last))
  const perDay = (late * bytesEach) / days
  if (last.bytes + MONTH_DAYS * perDay < STATE_BYTES_MIN) return undefined
  return { bytes: last.bytes, keys: last.keys, perDay }
}

const END_OF: Readonly<Record<string, string>> = {
  updateStateByKey:
    'updateStateByKey(update, { ttl: hours(24) }), or an update that gives undefined',
  updateStateByPartition: 'leave out keys in updateStateByPartition that are over',
  mapWithState: 'StateSpec.function(...).timeout(hours(24))',
  reduceByKeyAndWindow: 'filter: (key, value) => value !== 0 in the options of the window',
}

const growsFinding = (
  { id, kind, bytes, keys, perDay }: Growth & { readonly id: string; readonly kind: string },
  { isDeployed }: Examined,
): Finding => ({
  code: 'STATE_GROWS',
  severity: 'advice',
  of: id,
  seen:
    `The state ${id} has ${keys === undefined ? '' : `${count(keys, 'key')} and `}` +
    `${bytesText(bytes)}, ${bytesText(perDay)} more each day, and its keys never end`,
  why:
    `In a month it has ${bytesText(bytes + MONTH_DAYS * perDay)}. A process that starts reads ` +
    'all of it, and keeps it in memory',
  change: `${END_OF[kind] ?? 'let keys end'}, with a time that fits your data`,
  ...(!isDeployed
    ? {}
    : { effect: 'Keys that end cost little: about a tenth of a write unit a batch' }),
  figures: { bytes, perDay, ...(keys === undefined ? {} : { keys }) },
})

const SKEW = 4
const STATE_SKEW_BYTES = 1024 * 1024

/** A state with one partition that is much larger than the others. */
export const statesSkewed: Check = ({ states }) =>
  states.filter(isKeyed).flatMap(({ id, bytes, partitions, largestBytes }): readonly Finding[] => {
    const mean = bytes / partitions
    if (partitions < SKEW || largestBytes < SKEW * mean || bytes < STATE_SKEW_BYTES) return []
    return [
      {
        code: 'STATE_SKEWED',
        severity: 'advice',
        of: id,
        seen:
          `One of ${partitions} partitions of the state ${id} has ${bytesText(largestBytes)} of ` +
          `${bytesText(bytes)}`,
        why: 'The others wait for it: partitions move at the same time, each in one process',
        change:
          'A few keys are very large. Divide them (a key of user and day instead of user), or ' +
          'keep less for a key. More partitions do not help',
        figures: { partitions, bytes, largestBytes },
      },
    ]
  })

const LANES_MIN = 4
const LANE_SHARE = 0.6
const LANE_BATCHES_MIN = 20
const LANE_RECORDS_MIN = 100

/** One lane of many that has most of the records. */
export const lanesSkewed: Check = ({ batches, lanes, intervalMs = 0 }) => {
  const last = withInput(batches).slice(-100)
  const sources = [...new Set(lanes.map(({ source }) => source))]
  return sources.flatMap((id): readonly Finding[] => {
    const own = lanes.filter(({ source, lane }) => source === id && !isRedriveLane(lane))
    const taken = last.flatMap(({ sources: all = [] }) => all.filter((one) => one.id === id))
    const total = sumOf(taken.map(({ records }) => records))
    if (own.length < LANES_MIN || taken.length < LANE_BATCHES_MIN) return []
    if (total < LANE_RECORDS_MIN * taken.length) return []
    const byLane = new Map<string, number>()
    for (const { lane, records } of taken.flatMap((one) => one.lanes ?? []))
      byLane.set(lane, (byLane.get(lane) ?? 0) + records)
    const [lane, records] = [...byLane].toSorted(([, a], [, b]) => b - a)[0] ?? ['', 0]
    if (records < LANE_SHARE * total) return []
    const perSecond = (records * 1_000) / Math.max(1, taken.length * intervalMs)
    return [skewFinding({ id, lane, share: records / total, perSecond, lanes: own.length })]
  })
}

interface Skewed {
  readonly id: string
  readonly lane: string
  readonly share: number
  readonly perSecond: number
  readonly lanes: number
}

const skewFinding = ({ id, lane, share, perSecond, lanes }: Skewed): Finding => ({
  code: 'LANE_SKEWED',
  severity: 'advice',
  of: id,
  seen:
    `${percentText(share)} of the records of ${id} come by one of its ${lanes} lanes, ${lane}, ` +
    `${count(Math.round(perSecond), 'record')} a second`,
  why:
    'A shard takes 1,000 records a second, a lane is taken in by one process at a time, and the ' +
    'other lanes cost their calls without bringing much',
  change:
    'Give records a partition key with many values where they are put: an id instead of a ' +
    'country or a date. Or give the source fewer lanes',
  effect: 'Fewer lanes with the same records make intake cheaper, by up to nine tenths',
  figures: { share, perSecond, lanes },
})
