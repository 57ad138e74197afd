/** Kills a run that writes to tables, again and again, and compares the tables with the words. */
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { Random } from '../../lib/testing/random.ts'
import { Feeder } from './feeder.ts'
import { eventsIn, millrace, pipelinePath, startMillrace, temporaryDirectory } from './millrace.ts'
import { type Counts, countsOf, sorted } from './results.ts'

/** Where the run writes, and what is there. */
export interface Tables {
  /** For `--bind`. */
  readonly bindings: readonly string[]
  /** The sum of `n` for each word of a table. */
  readonly sums: (table: 'counts' | 'totals') => Promise<Counts>
}

/** How a run is killed. */
export interface KillOptions {
  readonly kills: number
  readonly seed: number
  /** The pipeline. Default: `word-tables`. */
  readonly pipeline?: string
}

/** What was killed. */
export interface Killed {
  /** How many batches were tried again. */
  readonly again: number
  readonly words: number
}

/** Runs a pipeline, kills it so often, and ends it. The tables must be exact. */
export const killAndCompare = async (
  { kills, seed, pipeline = 'word-tables' }: KillOptions,
  tablesIn: (directory: string) => Tables,
): Promise<Killed> => {
  const directory = temporaryDirectory()
  const { bindings, sums } = tablesIn(directory)
  const random = new Random(seed)
  const feeder = new Feeder(directory, random)
  const bound = ['lines=in', ...bindings].flatMap((binding) => ['--bind', binding])
  const run = ['run', pipelinePath(pipeline), ...bound, '--state', 'state', '--json']
  let again = 0
  for (let kill = 0; kill < kills; kill++) {
    const running = startMillrace(directory, ...run)
    await running.untilEvent('started')
    for (let file = random.between(0, 3); file > 0; file--) feeder.write()
    // Kill in the middle of a batch. Another batch will start, because there is another file.
    const started = running.events.filter(({ event }) => event === 'batchStarted').length
    feeder.write()
    await running.untilEvent('batchStarted', started + 1)
    await pause(random.between(0, 40))
    const { stdout, stderr } = await running.signal('SIGKILL')
    expect(stderr).toBe('')
    again += eventsIn(stdout).filter(
      ({ event, attempt }) => event === 'batchStarted' && attempt !== 1,
    ).length
  }
  const last = await millrace(directory, ...run, '--once')
  expect(last).toMatchObject({ exitCode: 0, stderr: '' })
  const expected = sorted(countsOf(feeder.pairs))
  expect(sorted(await sums('totals'))).toEqual(expected)
  expect(sorted(await sums('counts'))).toEqual(expected)
  return { again, words: feeder.pairs.length }
}
