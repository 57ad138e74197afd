/**
 * `npm run model`: visits everything the protocol can do within stated bounds, then shows that
 * planted bugs are found. `--help` says how.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import type { Exploration } from './explore.ts'
import { plantedBugs } from './planted.ts'
import {
  allConfigurations,
  configurationRow,
  configurationsTable,
  hunt,
  plantedRow,
  plantedTable,
  scheduleText,
  visit,
  withText,
} from './report.ts'

const HELP = `Usage:
npm run model                            visits every configuration, then plants every bug
                                         (some minutes)
npm run model -- --only leases,rest      these configurations alone
npm run model -- --planted TEXT          only plants the bugs whose name holds TEXT ('' for
                                         all), and shows the schedule that finds each
npm run model -- --write                 also puts the tables into docs/internals/model.md

The last line is "N passed, N failed"; the exit status is 1 if any failed.`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    planted: { type: 'string' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const tally = { passed: 0, failed: 0 }
const count = (passed: boolean): void => void (passed ? (tally.passed += 1) : (tally.failed += 1))

const visitAll = (names: readonly string[] | undefined): string => {
  const rows: string[] = []
  for (const configuration of allConfigurations) {
    if (names !== undefined && !names.includes(configuration.name)) continue
    const startedMs = performance.now()
    const result = visit(configuration.program)
    const seconds = (performance.now() - startedMs) / 1_000
    rows.push(configurationRow(configuration, configuration.program, result))
    say(`${rows.at(-1)} ${seconds.toFixed(1)} s`)
    if (result.violation !== undefined) say(scheduleText(result))
    count(result.violation === undefined)
  }
  return configurationsTable(rows)
}

const plantAll = (text: string, show: (name: string, result: Exploration) => void): string => {
  const rows: string[] = []
  for (const bug of plantedBugs) {
    if (!bug.name.includes(text)) continue
    const result = hunt(bug)
    rows.push(plantedRow(bug, result))
    show(bug.name, result)
    count(result.violation !== undefined)
  }
  return plantedTable(rows)
}

const showSchedule = (name: string, result: Exploration): void =>
  say(`${name}\n${scheduleText(result)}\n`)

const write = (visited: string, planted: string): void => {
  const path = join(import.meta.dirname, '..', '..', 'docs', 'internals', 'model.md')
  writeFileSync(
    path,
    withText(withText(readFileSync(path, 'utf8'), 'visited', visited), 'planted', planted),
  )
}

if (values.help) say(HELP)
else if (values.planted !== undefined) plantAll(values.planted, showSchedule)
else {
  const visited = visitAll(values.only?.split(','))
  const planted = plantAll('', () => undefined)
  say(`\n${planted}`)
  if (values.write) write(visited, planted)
}
if (!values.help) {
  say(`${tally.passed} passed, ${tally.failed} failed`)
  process.exitCode = tally.failed === 0 ? 0 : 1
}
