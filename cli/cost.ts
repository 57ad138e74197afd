/** `millrace cost`: what the driver of an application has used, and what that costs. */
import { PRICES_OF, type UsageKind } from '../lib/base/prices.ts'
import { type Bill, readBill } from '../lib/runtime/operations/bill.ts'
import type { OpenApp } from './open-app.ts'
import { type Answer, count, timeText } from './reports/answer.ts'
import { parseSince } from './since.ts'

const KINDS: Readonly<Record<UsageKind, string>> = {
  writeUnits: 'DynamoDB write units',
  readUnits: 'DynamoDB read units',
  objectWrites: 'S3 writes and listings',
  objectReads: 'S3 reads',
  queueRequests: 'SQS requests',
  invocations: 'Lambda requests',
  gigabyteSeconds: 'Lambda GB-seconds',
  logBytes: 'log bytes',
  scheduledCalls: 'scheduled calls',
  keyRequests: 'KMS requests',
  metricMonths: 'metrics',
  alarmMonths: 'alarms',
}

/** What the meter of the driver does not see. */
const NOT_COUNTED =
  'intake, executors, storage, logs, alarms, and sources and sinks of your own such as Kinesis'

/** Reads the bill. `since`: a time or an age, as the user wrote it. */
export const cost = async (
  { store, app, clock, location, lastMs }: OpenApp,
  since: string,
): Promise<Answer> => {
  const fromMs = parseSince(since, clock.now()) ?? 0
  const bill = await readBill(store, app, { fromMs, toMs: await lastMs() })
  const object = { app, ...bill, prices: PRICES_OF, notCounted: NOT_COUNTED }
  return { object, text: `${app} in ${location}: ${textOf(bill)}` }
}

const textOf = (bill: Bill): string => {
  const { fromMs, toMs, batches, records, dollars, dollarsPerDay, dollarsPerMillionRecords } = bill
  if (fromMs === undefined || toMs === undefined)
    return (
      'the history has no usage. It is counted in the driver function on AWS; ' +
      'runs on this machine cost nothing\n'
    )
  const items = Object.entries(bill.usage) as [UsageKind, number][]
  const rows = items.map(([kind, amount]) =>
    row(KINDS[kind], amountText(amount), dollarText(bill.items[kind] ?? 0)),
  )
  return [
    `${count(batches, 'batch', 'batches')}, ${count(records, 'record')}`,
    `  from ${timeText(fromMs)} to ${timeText(toMs)}`,
    ...rows,
    row('total', '', dollarText(dollars)),
    ...(dollarsPerDay === undefined
      ? []
      : [row('per day at this rate', '', dollarText(dollarsPerDay))]),
    ...(dollarsPerMillionRecords === undefined
      ? []
      : [row('per million records', '', dollarText(dollarsPerMillionRecords))]),
    `List prices of ${PRICES_OF.region} in ${PRICES_OF.month}, without a free tier.`,
    `Not counted: ${NOT_COUNTED}.`,
    '',
  ].join('\n')
}

const row = (name: string, amount: string, dollars: string): string =>
  `  ${name.padEnd(22)}  ${amount.padStart(14)}  ${dollars.padStart(12)}`

const amountText = (amount: number): string =>
  amount.toLocaleString('en-US', { maximumFractionDigits: 1 })

const SMALL = 0.01

/** Small amounts have three digits that count. */
const dollarText = (dollars: number): string =>
  `$${dollars >= SMALL || dollars === 0 ? dollars.toFixed(2) : dollars.toPrecision(3)}`
