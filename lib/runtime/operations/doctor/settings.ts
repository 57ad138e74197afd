/** The settings of an application beside what its batches need of them, in words. */
import { bytesText, count, dollarText, percentText, spanText } from '../../../base/amount-text.ts'
import { greatestOf } from '../../../base/extremes.ts'
import { driverUse, median, memoryMbOf, quantile, sumOf, withInput } from './figures.ts'
import type { Examined } from './finding.ts'
import { SPREAD_BYTES } from './work.ts'

/** One setting. */
export interface Setting {
  readonly name: 'interval' | 'parallelism' | 'memory' | 'limits' | 'cost'
  /** What it is now, and what batches need of it. */
  readonly text: string
}

/** All settings of which something is known. */
export const settingsOf = (examined: Examined): readonly Setting[] => {
  const { batches } = examined
  if (batches.length === 0) return []
  return [
    { name: 'interval', text: intervalText(examined) },
    { name: 'parallelism', text: parallelismText(examined) },
    { name: 'memory', text: memoryText(examined) },
    { name: 'limits', text: limitsText(examined) },
    { name: 'cost', text: costText(examined) },
  ] as const satisfies readonly Setting[]
}

const intervalText = ({ batches, intervalMs }: Examined): string => {
  const times = (withInput(batches).length === 0 ? batches : withInput(batches)).map(
    ({ processingMs }) => processingMs,
  )
  const middle = median(times)
  const most = spanText(quantile(times, 0.95))
  const took = `a batch takes ${spanText(middle)} in the middle, and 95 % take at most ${most}`
  if (intervalMs === undefined) return took
  return `${spanText(intervalMs)}; ${took}: ${percentText(middle / intervalMs)} of the interval`
}

const parallelismText = ({ batches }: Examined): string => {
  const last = withInput(batches)
  const bytes = greatestOf([0, ...last.map((one) => one.bytes)])
  const tasks = greatestOf([
    1,
    ...last.flatMap(({ stages = [] }) => stages.map((stage) => stage.tasks)),
  ])
  const executors = greatestOf([0, ...last.map(({ runner }) => runner?.executors ?? 0)])
  const has = executors === 0 ? 'one process' : `the driver and ${count(executors, 'executor')}`
  return bytes < SPREAD_BYTES
    ? `${has}; one is enough: the largest batch has ${bytesText(bytes)}, and batches are divided ` +
        `from ${bytesText(SPREAD_BYTES)} on`
    : `${has}; the largest batch has ${bytesText(bytes)}, in ${count(tasks, 'task')}`
}

const memoryText = ({ batches, states }: Examined): string => {
  const shares = batches.flatMap(({ runner }) => runner?.memoryShare ?? [])
  const megabytes = memoryMbOf(batches)
  const stateBytes = sumOf(states.map(({ bytes }) => bytes))
  const state = stateBytes === 0 ? 'no state' : `states of ${bytesText(stateBytes)} in the store`
  if (shares.length === 0 || megabytes === undefined) return `not known; ${state}`
  return (
    `${megabytes.toLocaleString('en-US')} MB, of which at most ` +
    `${percentText(greatestOf(shares))} were in use after a batch; ${state}`
  )
}

const limitsText = ({ batches, options, head, lanes }: Examined): string => {
  const records = greatestOf(batches.map((one) => one.records))
  const largest = `the largest batch took ${count(records, 'record')}`
  const of = options === undefined ? '' : ` of ${options.limits.records.toLocaleString('en-US')}`
  const waiting = sumOf(lanes.map(({ waitingRecords }) => waitingRecords))
  const heldBy = head?.load?.heldBy
  const waits =
    waiting === 0
      ? 'nothing waits'
      : `${count(waiting, 'record')} ${waiting === 1 ? 'waits' : 'wait'}`
  const held =
    waiting === 0 || heldBy === undefined || heldBy === 'input' ? '' : `, held by ${heldBy}`
  return `${largest}${of}; ${waits}${held}`
}

const DELAYS_MS = [1_000, 10_000, 60_000]

/** What other intervals would cost: batches cost, and records hardly do. */
const costText = ({ batches, bill, intervalMs, isDeployed }: Examined): string => {
  const { dollarsPerDay } = driverUse(batches) ?? {}
  if (dollarsPerDay === undefined || intervalMs === undefined)
    return isDeployed ? 'no usage is counted yet' : 'nothing: it runs on this machine'
  const others = DELAYS_MS.filter((ms) => ms !== intervalMs).map(
    (ms) => `${dollarText((dollarsPerDay * intervalMs) / ms)} at ${spanText(ms)}`,
  )
  return (
    `${dollarText(bill.dollarsPerDay ?? dollarsPerDay)} a day, of which the driver costs ` +
    `${dollarText(dollarsPerDay)}. With few records, that is about ${others.join(', ')}`
  )
}
