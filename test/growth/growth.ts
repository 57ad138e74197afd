/**
 * `npm run growth`: lives through a year in virtual time and shows, for each month, what the
 * application keeps and reads. `--help` says how.
 */
import { parseArgs } from 'node:util'
import { grows } from './flat.ts'
import { liveAYear, type Month } from './year.ts'

const HELP = `Usage:
npm run growth                      a year with 1,000,000 objects (some minutes)
npm run growth -- --days N --objects-per-day N

Each row is a month of 30 days. From the second month on, everything but the ledger must be flat.
The last line is "N passed, N failed"; the exit status is 1 if something grows.`

const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '360' },
    'objects-per-day': { type: 'string', default: '2780' },
    help: { type: 'boolean', default: false },
  },
})

const COLUMNS: readonly (keyof Month)[] = [
  'month',
  'objects',
  'shards',
  'largestItem',
  'head',
  'manifest',
  'coldCalls',
  'coldBytes',
  'items',
  'ledger',
]

const line = (cells: readonly (string | number)[]): string =>
  cells.map((cell) => String(cell).padStart(12)).join('')

if (values.help) console.log(HELP)
else {
  console.log(line(COLUMNS))
  const months = await liveAYear({
    days: Number(values.days),
    daysInMonth: 30,
    objectsPerDay: Number(values['objects-per-day']),
    deliveriesPerDay: 4,
    onMonth: (month) => console.log(line(COLUMNS.map((name) => String(month[name])))),
  })
  const failures = [
    ...grows(months, 2),
    ...months
      .filter(({ isCounted }) => !isCounted)
      .map(({ month }) => `month ${month}: wrong totals`),
  ]
  for (const failure of failures) console.log(failure)
  console.log(`${months.length - failures.length} passed, ${failures.length} failed`)
  process.exitCode = failures.length > 0 ? 1 : 0
}
