/**
 * `npm run sim`: hunts for broken promises over many seeds, replays one, or shows that planted bugs
 * are found. `--help` says how.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

import { checkerPromises, type FaultKind, faultKinds, simulate } from '../../lib/testing/index.ts'
import { huntPlantedBugs, isFound, plantedBugsTable } from './hunt.ts'
import { neverSeen, runSeeds, sightingRows, type Summary } from './seeds.ts'
import { shrink, shrunkArguments } from './shrink.ts'
import { tableOf } from './table.ts'
import { runInWorkers } from './workers.ts'

const HELP = `npm run sim -- [--seeds N] [--from S] [--workers W] [--pipeline NAME]
    runs N seeds (default 1000) from S (default 0) on, W at a time (default: one for each core),
    each with the pipeline that it draws, or all with one
npm run sim -- --seed N [--log] [--without FAULT,FAULT] [--workload SHARE] [--pipeline NAME]
    runs one seed again, without some of its faults, with less to do, or with another pipeline;
    --log shows its trace
npm run sim -- --planted [--seeds N]
    plants each known bug and shows the first seed (of N, default 2000) that finds it
npm run sim -- --checkers
    shows what each checker looks at
npm run sim -- --first [--from N] [--seeds N] [--pipeline NAME]
    stops at the first seed that fails and prints it as JSON

The last line is "N passed, N failed". The exit status is 1 if any failed, or if a run of 300 seeds
or more with all pipelines has not seen every fault and every recovery.`

/** This many seeds see every fault and every recovery. */
const SEEDS_THAT_SEE_ALL = 300

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '0' },
    workers: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string' },
    log: { type: 'boolean', default: false },
    without: { type: 'string', default: '' },
    workload: { type: 'string', default: '1' },
    pipeline: { type: 'string' },
    planted: { type: 'boolean', default: false },
    checkers: { type: 'boolean', default: false },
    first: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const only = values.pipeline === undefined ? {} : { pipeline: values.pipeline }

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const finish = (passed: number, failed: number): void => {
  say(`${passed} passed, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
}

const runMany = async (from: number, count: number, workers: number): Promise<void> => {
  const startedMs = Date.now()
  const range = { from, count, ...only }
  const summary =
    workers > 1 ? await runInWorkers(range, workers, tellOf(count)) : await runSeeds(range)
  const seconds = (Date.now() - startedMs) / 1_000
  await sayFailures(summary)
  say(
    tableOf(
      ['seen', 'times'],
      sightingRows(summary).map(([what, times]) => [what, String(times)]),
    ),
  )
  // One pipeline does not meet all faults.
  const missed = values.pipeline === undefined ? neverSeen(summary) : []
  if (count >= SEEDS_THAT_SEE_ALL && missed.length > 0) {
    say(`never seen, so not tested by this run: ${missed.join(', ')}`)
    process.exitCode = 1
  }
  const rate = count / seconds / workers
  say(
    `${count} seeds, ${summary.batches} batches, ${summary.records} records in ` +
      `${seconds.toFixed(1)} s with ${workers} workers`,
  )
  say(`${rate.toFixed(1)} seeds a second on one core`)
  finish(count - summary.failures.length, summary.failures.length)
}

/** A long run is not silent: it says what failed when it fails, and how far it is. */
const TOLD_EVERY = 500

const tellOf = (count: number): ((part: Summary) => void) => {
  let done = 0
  let failed = 0
  return ({ seeds, failures }) => {
    for (const { seed, violation } of failures)
      process.stderr.write(`seed ${seed} failed: ${violation?.checker}: ${violation?.what}\n`)
    const isTold = Math.floor((done + seeds) / TOLD_EVERY) > Math.floor(done / TOLD_EVERY)
    done += seeds
    failed += failures.length
    if (isTold) process.stderr.write(`${done} of ${count} seeds, ${failed} failed\n`)
  }
}

/** Only the first few are shrunk: shrinking takes as long as dozens of seeds. */
const SHRUNK_MAX = 3

const sayFailures = async ({ failures }: Summary): Promise<void> => {
  for (const [index, failed] of failures.entries()) {
    say(
      `seed ${failed.seed} (${failed.pipeline}): ${failed.violation?.checker}: ` +
        `${failed.violation?.what}`,
    )
    if (index >= SHRUNK_MAX) continue
    const shrunk = await shrink(failed)
    const needed = shrunk.result.faults.join(', ') || 'no fault'
    say(`  needs ${needed}; again with: npm run sim -- ${shrunkArguments(shrunk, only)}`)
  }
}

const faultsIn = (text: string): readonly FaultKind[] =>
  text.split(',').flatMap((name) => {
    if (name === '') return []
    const kind = faultKinds.find((known) => known === name)
    if (kind === undefined)
      throw new Error(`There is no fault ${name}, but ${faultKinds.join(', ')}`)
    return [kind]
  })

const replay = async (seed: number): Promise<void> => {
  const without = faultsIn(values.without)
  const { violation, trace, faults, pipeline } = await simulate(seed, {
    trace: values.log,
    without,
    workload: Number(values.workload),
    ...only,
  })
  for (const line of trace) say(line)
  say(`seed ${seed}, pipeline ${pipeline}, faults: ${faults.join(', ') || 'none'}`)
  if (violation !== undefined) say(`${violation.checker}: ${violation.what}`)
  finish(violation === undefined ? 1 : 0, violation === undefined ? 0 : 1)
}

const findFirst = async (from: number, count: number): Promise<void> => {
  for (let seed = from; seed < from + count; seed++) {
    const { violation } = await simulate(seed, only)
    if (violation !== undefined) return say(JSON.stringify({ seed, ...violation }))
  }
}

const hunt = async (count: number): Promise<void> => {
  const finds = await huntPlantedBugs(count)
  say(plantedBugsTable(finds))
  const missed = finds.filter((find) => !isFound(find)).length
  finish(finds.length - missed, missed)
}

if (values.help) say(HELP)
else if (values.checkers)
  say(tableOf(['checker', 'what it looks at'], Object.entries(checkerPromises)))
else if (values.planted) await hunt(Number(values.seeds ?? 2_000))
else if (values.first) await findFirst(Number(values.from), Number(values.seeds ?? 2_000))
else if (values.seed !== undefined) await replay(Number(values.seed))
else await runMany(Number(values.from), Number(values.seeds ?? 1_000), Number(values.workers))
