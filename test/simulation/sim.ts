/**
 * `npm run sim`: hunts for broken promises over many seeds, replays one, or shows that planted bugs are found. `--help` says how.
 */
import { parseArgs } from 'node:util'

import { simulate } from '../../lib/testing/index.ts'
import { huntPlantedBugs, plantedBugsTable } from './hunt.ts'

const HELP = `npm run sim -- [--seeds N] [--from S]     runs N seeds (default 1000) from S (default 0) on
npm run sim -- --seed N [--log]           runs one seed again; --log shows its trace
npm run sim -- --planted [--seeds N]      plants each known bug and shows the first seed (of N, default 2000) that finds it
npm run sim -- --first [--seeds N]        stops at the first seed that fails and prints it as JSON

The last line is "N passed, N failed"; the exit status is 1 if any failed.`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string' },
    log: { type: 'boolean', default: false },
    planted: { type: 'boolean', default: false },
    first: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const finish = (passed: number, failed: number): void => {
  say(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}

const runSeeds = async (from: number, count: number): Promise<void> => {
  const startedMs = Date.now()
  let failed = 0
  let batches = 0
  let records = 0
  for (let seed = from; seed < from + count; seed++) {
    const result = await simulate(seed)
    batches += result.batches
    records += result.records
    if (result.violation === undefined) continue
    failed += 1
    say(`seed ${seed} (${result.faults.join(', ')}): ${result.violation.checker}: ${result.violation.what}`)
    say(`  again with: npm run sim -- --seed ${seed} --log`)
  }
  const seconds = (Date.now() - startedMs) / 1_000
  say(
    `${count} seeds, ${batches} batches, ${records} records in ${seconds.toFixed(1)} s: ${(count / seconds).toFixed(1)} seeds a second on one core`,
  )
  finish(count - failed, failed)
}

const replay = async (seed: number, log: boolean): Promise<void> => {
  const { violation, trace, faults } = await simulate(seed, { trace: log })
  for (const line of trace) say(line)
  say(`seed ${seed}, faults: ${faults.join(', ') || 'none'}`)
  if (violation !== undefined) say(`${violation.checker}: ${violation.what}`)
  finish(violation === undefined ? 1 : 0, violation === undefined ? 0 : 1)
}

const findFirst = async (count: number): Promise<void> => {
  for (let seed = 0; seed < count; seed++) {
    const { violation } = await simulate(seed)
    if (violation !== undefined) return say(JSON.stringify({ seed, ...violation }))
  }
}

const hunt = async (count: number): Promise<void> => {
  const finds = await huntPlantedBugs(count)
  say(plantedBugsTable(finds))
  const missed = finds.filter(({ seed }) => seed === undefined).length
  finish(finds.length - missed, missed)
}

if (values.help) say(HELP)
else if (values.planted) await hunt(Number(values.seeds ?? 2_000))
else if (values.first) await findFirst(Number(values.seeds ?? 2_000))
else if (values.seed !== undefined) await replay(Number(values.seed), values.log)
else await runSeeds(Number(values.from), Number(values.seeds ?? 1_000))
