/**
 * The tables of docs/sources/object-storage.md. They are made of the scenarios and of what was seen
 * when these ran. Columns of backends that did not run stay as they are in the page.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Backend, BACKENDS, expectedIn, type Group, type Scenario } from './scenario.ts'

/** The page. */
export const PAGE: string = fileURLToPath(
  new URL('../../docs/sources/object-storage.md', import.meta.url),
)

const TITLES: Readonly<Record<Backend, string>> = {
  directory: 'directory',
  simulated: 'simulated S3',
  simulatedVersions: 'simulated S3, versions',
  emulator: 'emulator',
  emulatorVersions: 'emulator, versions',
}

/** What was seen, by backend and then by the name of the scenario. */
export class SeenCells {
  readonly #cells = new Map<string, string>()

  add(backend: Backend, { name }: Scenario, text: string): void {
    this.#cells.set(`${backend}/${name}`, text)
  }

  of(backend: Backend, { name }: Scenario): string | undefined {
    return this.#cells.get(`${backend}/${name}`)
  }
}

const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*')

const rowOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** What is expected, once if it is the same everywhere. */
const expectedText = (scenario: Scenario): string => {
  const played = BACKENDS.filter((backend) => scenario.except?.[backend] === undefined)
  const texts = new Map(played.map((backend) => [placeOf(backend), expectedIn(scenario, backend)]))
  const inBucket = texts.get('in a bucket')
  if (texts.get('with versions') === inBucket) texts.delete('with versions')
  const [first, ...others] = texts.values()
  if (others.every((text) => text === first)) return cell(first ?? '')
  return [...texts].map(([place, text]) => `${place}: ${cell(text)}`).join('<br>')
}

const placeOf = (backend: Backend): string => {
  if (backend === 'directory') return 'in a directory'
  return backend.endsWith('Versions') ? 'with versions' : 'in a bucket'
}

const whatHappens = ({ name, before = [], steps }: Scenario): string => {
  const said = steps.map(({ says }) => says).join('; ')
  const start = before.map(({ says }) => `${says}; `).join('')
  return `**${name}**: ${start}${start === '' ? '' : 'the first start; '}${said}`.replaceAll(
    '|',
    '\\|',
  )
}

const beginOf = ({ title }: Group): string => `<!-- what was seen: ${title} -->`
const END = '<!-- end -->'

/** The cells of the page that is there, by the name of the scenario. */
const cellsIn = (page: string): ReadonlyMap<string, readonly string[]> =>
  new Map(
    page.split('\n').flatMap((line) => {
      const [, name] = /^\| \*\*(.*?)\*\*: /.exec(line) ?? []
      const cells = line.slice(2, -2).split(/(?<!\\) \| /)
      return name === undefined ? [] : [[name, cells] as const]
    }),
  )

const tableOf = (
  { scenarios }: Group,
  seen: SeenCells,
  before: ReturnType<typeof cellsIn>,
): string => {
  const head = ['what happens', 'expected', ...BACKENDS.map((backend) => TITLES[backend])]
  const rows = scenarios.map((scenario) => {
    const seenCells = BACKENDS.map((backend, index) => {
      const reason = scenario.except?.[backend]
      if (reason !== undefined) return `– (${reason})`
      const text = seen.of(backend, scenario)
      if (text !== undefined) return cell(text)
      const kept = before.get(scenario.name)?.[index + 2]
      return kept === undefined || kept.startsWith('– (') ? '?' : kept
    })
    return rowOf([whatHappens(scenario), expectedText(scenario), ...seenCells])
  })
  return [rowOf(head), `|${'---|'.repeat(head.length)}`, ...rows].join('\n')
}

/** The page with the tables that the scenarios and what was seen make. */
export const pageWith = (groups: readonly Group[], seen: SeenCells): string => {
  const page = readFileSync(PAGE, 'utf8')
  const before = cellsIn(page)
  return groups.reduce((text, group) => {
    const [head, rest] = text.split(`${beginOf(group)}\n`)
    if (rest === undefined)
      throw new Error(`the page has no place for the table: ${beginOf(group)}`)
    const [, ...tail] = rest.split(END)
    const table = tableOf(group, seen, before)
    return `${head}${beginOf(group)}\n\n${table}\n\n${END}${tail.join(END)}`
  }, page)
}

/** Scenarios whose column of the page is not what is expected there. */
export const unexpectedIn = (
  groups: readonly Group[],
  backends: readonly Backend[],
): readonly string[] => {
  const cells = cellsIn(readFileSync(PAGE, 'utf8'))
  return groups.flatMap(({ scenarios }) =>
    scenarios.flatMap((scenario) =>
      backends.flatMap((backend) => {
        if (scenario.except?.[backend] !== undefined) return []
        const shown = cells.get(scenario.name)?.[BACKENDS.indexOf(backend) + 2]
        return shown === cell(expectedIn(scenario, backend))
          ? []
          : [`${scenario.name}, ${TITLES[backend]}: ${shown}`]
      }),
    ),
  )
}
