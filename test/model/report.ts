/** The tables that `npm run model` prints and docs/internals/model.md shows. */
import { type Configuration, configurations } from './configurations.ts'
import { type Exploration, explore } from './explore.ts'
import type { PlantedBug } from './planted.ts'
import { PROTOCOL } from './protocol.ts'
import type { Bounds } from './world.ts'

/** One line of a table in Markdown. */
const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`

const table = (titles: readonly string[], rows: readonly string[]): string =>
  [row(titles), row(titles.map(() => '---')), ...rows].join('\n')

export const configurationsTable = (rows: readonly string[]): string =>
  table(['configuration', 'looks at', 'bounds', 'states', 'transitions', 'depth'], rows)

export const plantedTable = (rows: readonly string[]): string =>
  table(['planted bug', 'found by', 'what it says', 'steps'], rows)

const NAMES: Readonly<Record<string, string>> = {
  crashes: 'crash',
  lostAnswers: 'lost answer',
  lateWrites: 'late write',
  standstills: 'standstill',
  zombies: 'zombie',
  rewinds: 'rewind',
  failures: 'failure',
  skips: 'skip',
  losses: 'loss',
}

const counted = (count: number, name: string): string =>
  `${count} ${name}${count === 1 ? '' : /[hs]$/.test(name) ? 'es' : 's'}`

const generationsText = (some: readonly number[]): string =>
  new Set(some).size > 1 ? ` of generations ${some.join(', ')}` : ''

/** The bounds in words. */
export const boundsText = ({
  records,
  drivers,
  intakes,
  executors = [],
  faults,
}: Bounds): string => {
  return [
    `${records.join(' + ')} records`,
    `${counted(drivers.length, 'driver')}${generationsText(drivers)}`,
    ...(intakes === 0 ? [] : [counted(intakes, 'intake')]),
    ...(executors.length === 0
      ? []
      : [`${counted(executors.length, 'executor')}${generationsText(executors)}`]),
    ...Object.entries(faults).map(([kind, count]) => counted(count, NAMES[kind] ?? kind)),
  ].join(', ')
}

/** A row for a configuration and the result of its search. */
export const configurationRow = (
  { name, focus }: Configuration,
  bounds: Bounds,
  { states, transitions, depth }: Exploration,
): string =>
  row([
    name,
    focus,
    boundsText(bounds),
    states.toLocaleString('en'),
    transitions.toLocaleString('en'),
    depth,
  ])

/** A row for a planted bug and the violation that found it. */
export const plantedRow = ({ name }: PlantedBug, { violation }: Exploration): string =>
  row([
    name,
    violation?.checker ?? 'nothing',
    violation?.what ?? '',
    violation?.schedule.length ?? '',
  ])

/** Visits all worlds within the bounds, under the protocol as intended. */
export const visit = (bounds: Bounds): Exploration => explore({ rules: PROTOCOL, bounds })

/** Visits worlds until the planted bug is found. */
export const hunt = ({ rules, bounds }: PlantedBug): Exploration => explore({ rules, bounds })

export const allConfigurations: readonly Configuration[] = Object.values(configurations)

/** A readable schedule, one event per line. */
export const scheduleText = ({ violation }: Exploration): string =>
  violation === undefined
    ? ''
    : [...violation.schedule, `${violation.checker}: ${violation.what}`]
        .map((line) => `    ${line}`)
        .join('\n')

const marks = (name: string): readonly [begin: string, end: string] => [
  `<!-- npm run model: ${name} -->\n`,
  `\n<!-- end of ${name} -->`,
]

/** The text between the marks of a name in a document. */
export const between = (document: string, name: string): string => {
  const [begin, end] = marks(name)
  return document.split(begin)[1]?.split(end)[0] ?? ''
}

/** The document with another text between the marks of a name. */
export const withText = (document: string, name: string, text: string): string => {
  const [begin, end] = marks(name)
  return document.replace(`${begin}${between(document, name)}${end}`, () => `${begin}${text}${end}`)
}
