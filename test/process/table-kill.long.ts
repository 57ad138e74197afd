import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Random } from '../../lib/testing/random.ts'
import { ListedTable } from './listed-table.ts'
import {
  eventsIn,
  type Millrace,
  millrace,
  pipelinePath,
  startMillrace,
  temporaryDirectory,
} from './millrace.ts'

// Files in the directories of a table (decision 89), on real processes: a reader that only lists
// the directories sees no row twice, whenever it looks, and all rows in the end.

const SEED = 20_263
const KILLS = 20
const LOOKS_EVERY_MS = 15

const SHOPS = ['mill', 'Ünal', '水', '__proto__', 'a/b=c', '50%', '..', '']

/** Writes files of rows, each complete when it appears. */
class Rows {
  /** The shop of each row, by its id. */
  readonly sent = new Map<number, string>()
  readonly #directory: string
  readonly #random: Random
  #files = 0

  constructor(directory: string, random: Random) {
    this.#directory = directory
    this.#random = random
    mkdirSync(join(directory, 'in'))
  }

  write(): void {
    const lines = Array.from({ length: this.#random.between(1, 30) }, () => {
      const row = { shop: this.#random.pick(SHOPS), id: this.sent.size }
      this.sent.set(row.id, row.shop)
      return `${JSON.stringify(row)}\n`
    })
    const name = `file-${this.#files++}`
    writeFileSync(join(this.#directory, name), lines.join(''))
    renameSync(join(this.#directory, name), join(this.#directory, 'in', name))
  }
}

/** The batches whose files were being put in place when the process ended. */
const halfShown = (root: string): number => {
  const paths = existsSync(root) ? readdirSync(root, { recursive: true }).map(String) : []
  const shown = paths.flatMap((path) => /^[^_][^/]*\/part-(\d+)-/.exec(path)?.[1] ?? [])
  return [...new Set(shown)].filter((timeMs) => !paths.includes(`_batches/${timeMs}/_SUCCESS`))
    .length
}

/** Until files of one more batch are there in part, or a batch is done. */
const untilShowing = async (root: string, running: Millrace): Promise<void> => {
  const before = halfShown(root)
  const isDone = (): boolean => running.events.some(({ event }) => event === 'batchCompleted')
  while (!isDone() && halfShown(root) <= before) await pause(1)
}

test('who lists the directories of a table sees each row once, during twenty kills', async () => {
  const directory = temporaryDirectory()
  const random = new Random(SEED)
  const rows = new Rows(directory, random)
  const each = join(directory, 'out', 'each')
  const tables = {
    each: new ListedTable(each),
    periods: new ListedTable(join(directory, 'out', 'periods')),
  }
  const look = (): void => Object.values(tables).forEach((table) => table.look())
  let looks = 0
  let seen: unknown
  const looking = setInterval(() => {
    try {
      look()
      looks += 1
    } catch (error) {
      seen ??= error
    }
  }, LOOKS_EVERY_MS)

  const bound = ['lines=in', 'results=out'].flatMap((binding) => ['--bind', binding])
  const run = ['run', pipelinePath('table-files'), ...bound, '--state', 'state', '--json']
  let [again, half] = [0, 0]
  for (let kill = 0; kill < KILLS; kill++) {
    const running = startMillrace(directory, ...run)
    await running.untilEvent('started')
    for (let file = random.between(0, 3); file > 0; file--) rows.write()
    // Kill in the middle of a batch. Another batch will start, because there is another file.
    const started = running.events.filter(({ event }) => event === 'batchStarted').length
    rows.write()
    await running.untilEvent('batchStarted', started + 1)
    if (random.chance(0.5)) await pause(random.between(0, 60))
    else await untilShowing(each, running)
    const { stdout, stderr } = await running.signal('SIGKILL')
    expect(stderr).toBe('')
    again += eventsIn(stdout).filter(
      ({ event, attempt }) => event === 'batchStarted' && attempt !== 1,
    ).length
    half += halfShown(each)
  }
  const last = await millrace(directory, ...run, '--once')
  clearInterval(looking)
  expect(last).toMatchObject({ exitCode: 0, stderr: '' })
  look()
  expect(seen).toBeUndefined()

  for (const table of Object.values(tables))
    expect([...table.rows].toSorted(([a], [b]) => a - b)).toEqual([...rows.sent])
  expect(tables.periods.files).toBeLessThan(tables.each.files)
  expect(again + half).toBeGreaterThan(0)
  process.stdout.write(
    `${KILLS} kills, ${again} batches tried again, ${half} half shown; ${rows.sent.size} rows ` +
      `in ${tables.each.files} and ${tables.periods.files} files, looked at ${looks} times\n`,
  )
})
