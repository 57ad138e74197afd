/**
 * Counts the calls that the deployed example makes to AWS for each batch, and prices a day of them.
 * The calls are those of the real clients of the SDK, counted as HTTP requests.
 */
import { addedCosts, costOf, pathOf, tallyOf, type Cost, type Tally } from './aws/tally.ts'
import { runScenario, windowS, type Scenario } from './aws/scenario.ts'
import { type Figure, rounded, table } from './report.ts'

const DAY_S = 86_400
const MINUTES_PER_DAY = 1_440
/** A multiple of eight: the state is merged in rounds of eight batches. */
const BATCHES = 48
const INTAKE_GB = 1
const DRIVER_GB = 1_769 / 1_024
/** To fetch a trigger and to delete it. */
const REQUESTS_PER_TRIGGER = 2

const SCENARIOS: readonly (Scenario & { readonly name: string })[] = [
  { name: 'T = 1 s, 100 records/s', intervalS: 1, recordsPerS: 100, batches: BATCHES },
  { name: 'T = 10 s, 100 records/s', intervalS: 10, recordsPerS: 100, batches: BATCHES },
  { name: 'at rest', intervalS: 10, recordsPerS: 0, batches: BATCHES },
]

interface Found {
  readonly name: string
  readonly intake: Tally
  readonly batch: Tally
  readonly minute: Tally
  readonly cost: Cost
  readonly paths: readonly (readonly [what: string, path: readonly string[]])[]
}

const find = async ({ name, ...scenario }: (typeof SCENARIOS)[number]): Promise<Found> => {
  const counted = await runScenario(scenario)
  const [intake, batch, minute] = [counted.intake, counted.batch, counted.minute].map(tallyOf) as [
    Tally,
    Tally,
    Tally,
  ]
  const flows = scenario.recordsPerS > 0 ? 1 : 0
  const cost = addedCosts([
    costOf(intake, {
      perDay: (flows * DAY_S) / windowS(scenario.intervalS),
      gigabytes: INTAKE_GB,
      requestsBehind: 0,
    }),
    costOf(batch, {
      perDay: (flows * DAY_S) / scenario.intervalS,
      gigabytes: DRIVER_GB,
      requestsBehind: REQUESTS_PER_TRIGGER,
    }),
    costOf(minute, {
      perDay: MINUTES_PER_DAY,
      gigabytes: DRIVER_GB,
      requestsBehind: REQUESTS_PER_TRIGGER,
    }),
  ])
  const paths = (['intake', 'batch', 'minute'] as const).flatMap((what) => {
    const last = counted[what].at(-1)
    return last === undefined ? [] : [[what, pathOf(last)] as const]
  })
  return { name, intake, batch, minute, cost, paths }
}

const number = (value: number): string => String(Number(value.toFixed(2)))
const dollars = (value: number): string => value.toFixed(4)

const countRows = (found: readonly Found[]): string =>
  table([
    ['per invocation', 'round trips', 'write units', 'read units', 'calls of S3', 'KB'],
    ...found.flatMap(({ name, ...tallies }) =>
      (['intake', 'batch', 'minute'] as const).flatMap((what) => {
        const { invocations, trips, writeUnits, readUnits, actions, bytes } = tallies[what]
        if (invocations === 0) return []
        const s3 = [...actions].reduce(
          (total, [action, count]) => (action.includes(' ') ? total + count : total),
          0,
        )
        return [
          [`${name}: ${what}`, ...[trips, writeUnits, readUnits, s3, bytes / 1_024].map(number)],
        ]
      }),
    ),
  ])

const actionRows = (found: readonly Found[]): string =>
  table([
    ['calls per invocation', ''],
    ...found.flatMap(({ name, ...tallies }) =>
      (['intake', 'batch', 'minute'] as const).flatMap((what) => {
        const actions = [...tallies[what].actions]
          .map(([action, count]) => `${number(count)} ${action}`)
          .join(', ')
        return actions === '' ? [] : [[`${name}: ${what}`, actions]]
      }),
    ),
  ])

const COSTS: readonly (readonly [field: keyof Cost, name: string])[] = [
  ['writes', 'DynamoDB, writes'],
  ['reads', 'DynamoDB, reads'],
  ['s3Blocks', 'S3, blocks'],
  ['s3Results', 'S3, results'],
  ['sqs', 'SQS'],
  ['invocations', 'Lambda, invocations'],
  ['compute', 'Lambda, time (assumed)'],
]

const totalOf = (cost: Cost): number => COSTS.reduce((total, [field]) => total + cost[field], 0)

const costRows = (found: readonly Found[]): string =>
  table([
    ['$ a day', ...found.map(({ name }) => name)],
    ...COSTS.map(([field, name]) => [name, ...found.map(({ cost }) => dollars(cost[field]))]),
    ['total', ...found.map(({ cost }) => dollars(totalOf(cost)))],
  ])

const figuresOf = ({ name, cost, ...tallies }: Found): readonly Figure[] => {
  const slug = name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()
  const figure = (what: string, value: number, unit: Figure['unit']): Figure => ({
    bench: 'aws-batches',
    figure: `${slug}-${what}`,
    value: rounded(value),
    unit,
  })
  return [
    ...(['intake', 'batch', 'minute'] as const).flatMap((what) => {
      const { invocations, trips, writeUnits, readUnits } = tallies[what]
      if (invocations === 0) return []
      return [
        figure(`${what}-trips`, trips, 'count'),
        figure(`${what}-writes`, writeUnits, 'count'),
        figure(`${what}-reads`, readUnits, 'count'),
      ]
    }),
    figure('day', totalOf(cost), '$'),
  ]
}

/** Counts, prints tables, and gives the figures. */
export const benchAwsBatches = async (say: (text: string) => void): Promise<readonly Figure[]> => {
  const found: Found[] = []
  for (const scenario of SCENARIOS) found.push(await find(scenario))
  say(countRows(found))
  say(`\n${actionRows(found)}`)
  for (const { name, paths } of found)
    for (const [what, path] of paths)
      say(
        '\n' +
          `${name}, round trips of one invocation (${what}):\n` +
          `${path.map((step, index) => `  ${index + 1}  ${step}`).join('\n')}`,
      )
  say(`\n${costRows(found)}`)
  return found.flatMap(figuresOf)
}
