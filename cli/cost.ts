/** `millrace cost`: what an application has used, and what that costs. */
import { PRICES_OF, type UsageKind } from '../lib/base/prices.ts'
import { type Bill, type BillPart, readBill } from '../lib/runtime/operations/bill.ts'
import { BILL_NAMES, NOT_COUNTED } from './bill-names.ts'
import type { OpenApp } from './open-app.ts'
import { count, dollarText } from '../lib/base/amount-text.ts'
import { type Answer, timeText } from './reports/answer.ts'
import { parseSince } from './since.ts'

/** Reads the bill. `since`: a time or an age, as the user wrote it. */
export const cost = async (
  { store, app, clock, location, lastMs, deployed }: OpenApp,
  since: string,
): Promise<Answer> => {
  const fromMs = parseSince(since, clock.now()) ?? 0
  const bill = await readBill(store, app, { fromMs, toMs: await lastMs() }, deployed?.standing)
  const object = { app, ...bill, prices: PRICES_OF, notCounted: NOT_COUNTED }
  return { object, text: `${app} in ${location}: ${textOf(bill)}` }
}

const textOf = (bill: Bill): string => {
  const { fromMs, toMs, batches, records, dollars, dollarsPerDay, dollarsPerMillionRecords } = bill
  if (fromMs === undefined || toMs === undefined)
    return (
      'the history has no usage. It is counted in the functions on AWS; ' +
      'runs on this machine cost nothing\n'
    )
  const items = Object.entries(bill.usage) as [UsageKind, number][]
  const rows = items.map(([kind, amount]) =>
    row(BILL_NAMES[kind], amountText(amount), dollarText(bill.items[kind] ?? 0)),
  )
  const parts = Object.entries(bill.parts)
    .filter(([, part]) => part > 0)
    .map(([part, amount]) => row(BILL_NAMES[part as BillPart], '', dollarText(amount)))
  return [
    `${count(batches, 'batch', 'batches')}, ${count(records, 'record')}`,
    `  from ${timeText(fromMs)} to ${timeText(toMs)}`,
    ...rows,
    ...parts,
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
  `  ${name.padEnd(24)}  ${amount.padStart(14)}  ${dollars.padStart(12)}`

/** Small amounts have three digits that count. */
const SMALL = 0.01

const amountText = (amount: number): string =>
  amount >= SMALL || amount === 0
    ? amount.toLocaleString('en-US', { maximumFractionDigits: 1 })
    : amount.toPrecision(3)
