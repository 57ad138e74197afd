/** The view of what a deployed application costs. On a laptop nothing is counted. */
import type { BillAnswer } from './answers.ts'
import { TimeChart } from './charts.ts'
import { commandField, emptyNote, errorBox, facts, html, renew, section, table } from './dom.ts'
import { askedAgain, type Known } from './live.ts'
import type { View } from './overview.ts'
import { capital, countOf, countText, dollarText, timeText } from './words.ts'

const EVERY_MS = 10_000
const GAP_INTERVALS = 4

const amountText = (amount: number): string =>
  amount >= 100 ? countText(amount) : String(Number(amount.toPrecision(3)))

const largestFirst = (costs: Readonly<Record<string, number>>): readonly [string, number][] =>
  Object.entries(costs)
    .filter(([, dollars]) => dollars > 0)
    .toSorted(([, a], [, b]) => b - a)

const shareText = (dollars: number, all: number): string =>
  all === 0 ? '–' : `${Math.round((100 * dollars) / all)} %`

const sums = (bill: BillAnswer): HTMLElement => {
  const { fromMs = 0, toMs = 0, dollarsPerDay, dollarsPerMillionRecords } = bill
  return section(
    'Cost',
    html(
      'p',
      { class: 'about' },
      `${countOf(bill.batches, 'batch', 'batches')} and ${countOf(bill.records, 'record')} ` +
        `from ${timeText(fromMs)} to ${timeText(toMs)}. List prices of ${bill.region}, ` +
        'without a free tier.',
    ),
    facts([
      ['So far', dollarText(bill.dollars)],
      ['A day at this rate', dollarsPerDay === undefined ? '–' : dollarText(dollarsPerDay)],
      [
        'A million records',
        dollarsPerMillionRecords === undefined ? '–' : dollarText(dollarsPerMillionRecords),
      ],
    ]),
  )
}

const tables = (
  { parts, items, usage, dollars, names, notCounted }: BillAnswer,
  { app }: Known,
): HTMLElement =>
  html(
    'div',
    {},
    section(
      'By part',
      table(
        'Cost by part',
        [
          { title: 'Part' },
          { title: 'Dollars', isNumber: true },
          { title: 'Share', isNumber: true },
        ],
        largestFirst(parts).map(([part, cost]) => [
          capital(names[part] ?? part),
          dollarText(cost),
          shareText(cost, dollars),
        ]),
      ),
    ),
    section(
      'By item',
      table(
        'Cost by item',
        [
          { title: 'Item' },
          { title: 'Amount', isNumber: true },
          { title: 'Dollars', isNumber: true },
          { title: 'Share', isNumber: true },
        ],
        largestFirst(items).map(([kind, cost]) => [
          capital(names[kind] ?? kind),
          amountText(usage[kind] ?? 0),
          dollarText(cost),
          shareText(cost, dollars),
        ]),
      ),
      html('p', { class: 'about' }, `Not counted: ${notCounted}. Of a whole week:`),
      commandField(`millrace cost ${app.target}`, 'The command that adds up a week'),
    ),
  )

/** The view of the bill. It is asked for again from time to time while batches run. */
export const costView = (): View => {
  const chart = new TimeChart(
    'Cost of a batch',
    'What the driver used for it, and intake since the batch before',
    dollarText,
  )
  const element = html('div', {}, html('p', { class: 'empty' }, 'Reading…'))
  let latest: Known | undefined
  const draw = (bill: Partial<BillAnswer>, known: Known): void => {
    if (!isBill(bill)) {
      element.replaceChildren(section('Cost', emptyNote('No batch has said yet what it used.')))
      return
    }
    const charts = html('div', { class: 'charts' }, chart.element)
    renew(element, sums(bill), charts, tables(bill, known))
    chart.update({
      timesMs: bill.timesMs,
      lines: [{ label: 'dollars', values: bill.batchDollars }],
      marks: known.series.deployments.map(({ timeMs }) => ({ timeMs, label: 'new deployment' })),
      failedMs: [],
      gapMs: (known.app.intervalMs ?? 1_000) * GAP_INTERVALS,
    })
  }
  const askAgain = askedAgain<Partial<BillAnswer>>(
    '/api/bill',
    { everyMs: EVERY_MS, answered: (bill) => latest && draw(bill, latest) },
    (error) => element.replaceChildren(errorBox(error)),
  )
  const show = (known: Known): void => {
    latest = known
    askAgain()
  }
  return { element, show, redraw: () => chart.redraw() }
}

const isBill = (bill: Partial<BillAnswer>): bill is BillAnswer => bill.timesMs !== undefined
