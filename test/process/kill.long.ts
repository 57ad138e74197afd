import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { Random } from '../../lib/testing/random.ts'
import { Feeder } from './feeder.ts'
import { eventsIn, millrace, pipelinePath, startMillrace, temporaryDirectory } from './millrace.ts'
import { NumberedLines } from './numbered-lines.ts'
import { countsOf, savedCounts, sorted } from './results.ts'

// The guarantee, on real processes: kill -9 at any time costs work, but no record. The seed and the
// machine decide when a kill comes. The checks hold for every time.

const SEED = 20_261
const KILLS = 30
/** Prints a line into the output of the tests. */
const say = (text: string): void => void process.stdout.write(`${text}\n`)

test(
  'a directory: totals are exact, and each output is there once, after thirty kills',
  { timeout: 180_000 },
  async () => {
    const directory = temporaryDirectory()
    const random = new Random(SEED)
    const feeder = new Feeder(directory, random)
    const run = [
      'run',
      pipelinePath('word-totals'),
      '--bind',
      'lines=in',
      '--bind',
      'results=out',
      '--state',
      'state',
      '--json',
    ]
    let again = 0

    for (let kill = 0; kill < KILLS; kill++) {
      const running = startMillrace(directory, ...run)
      // Sometimes the kill comes before the process has started the pipeline.
      if (random.chance(0.9)) await running.untilEvent('started')
      for (let file = random.between(0, 5); file > 0; file--) {
        feeder.write()
        await pause(random.between(0, 60))
      }
      if (random.chance(0.5)) await pause(random.between(0, 80))
      else {
        // Kill in the middle of a batch. Another batch will start, because there is another file.
        const started = running.events.filter(({ event }) => event === 'batchStarted').length
        feeder.write()
        await running.untilEvent('batchStarted', started + 1)
        await pause(random.between(0, 12))
      }
      const { stdout, stderr } = await running.signal('SIGKILL')
      expect(stderr).toBe('')
      again += eventsIn(stdout).filter(
        ({ event, attempt }) => event === 'batchStarted' && attempt !== 1,
      ).length
    }
    const last = await millrace(directory, ...run, '--once')
    expect(last).toMatchObject({ exitCode: 0, stderr: '' })

    const out = join(directory, 'out')
    const batches = savedCounts(out, 'batches')
    const totals = savedCounts(out, 'totals')
    // No hidden and no unfinished files: only the two outputs of each batch.
    expect(readdirSync(out)).toHaveLength(batches.size + totals.size)
    expect([...totals.keys()]).toEqual([...batches.keys()])
    // The totals of each batch are the totals of the batch before plus its own output. So no batch
    // is missing, and none is counted twice.
    let before: readonly (readonly [string, number])[] = []
    for (const [time, counts] of batches) {
      before = sorted(countsOf([...before, ...counts]))
      expect({ time, totals: sorted(totals.get(time) ?? new Map()) }).toEqual({
        time,
        totals: before,
      })
    }
    expect(before).toEqual(sorted(countsOf(feeder.pairs)))
    const { records } = eventsIn(last.stdout).at(-1) as unknown as { readonly records: number }
    say(
      `${KILLS} kills, ${again} of them inside a batch; ${batches.size} batches, ` +
        `${feeder.pairs.length} words counted exactly; the last run had ${records} lines left ` +
        'to take',
    )
  },
)

const SOCKET_KILLS = 10

/** The position of the last line that is stored. */
const tailOf = async (directory: string): Promise<number> => {
  const { stdout } = await millrace(directory, 'status', '--state', 'state', '--json')
  const { lanes } = JSON.parse(stdout) as { readonly lanes: readonly { readonly tail: string }[] }
  return Number(lanes[0]?.tail ?? 0)
}

const fromTo = (first: number, last: number): readonly number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)

test(
  'a socket: after ten kills every appended line counts once, and the lost lines are known',
  { timeout: 120_000 },
  async () => {
    const directory = temporaryDirectory()
    const random = new Random(SEED)
    const lines = new NumberedLines()
    onTestFinished(() => lines.close())
    const port = await lines.listen()
    const run = [
      'run',
      pipelinePath('line-totals'),
      '--bind',
      `lines=socket://127.0.0.1:${port}`,
      '--bind',
      'results=out',
      '--state',
      'state',
      '--json',
    ]
    const lost: number[] = []
    const appended: number[] = []

    for (let round = 0; round <= SOCKET_KILLS; round++) {
      const isLast = round === SOCKET_KILLS
      const connections = lines.connections.length
      const running = startMillrace(directory, ...run, ...(isLast ? ['--once'] : []))
      await running.untilEvent('batchCompleted', random.between(1, 4))
      await pause(random.between(0, 80))
      if (isLast) await lines.endConnection(connections)
      expect(await (isLast ? running.ended : running.signal('SIGKILL'))).toMatchObject({
        exitCode: isLast ? 0 : null,
      })
      await lines.disconnected()
      // A process has appended the first part of what was sent to it. The rest was on the way when
      // the process was killed. An extra connection can only be from the process before, accepted
      // late: nothing was read from it.
      const mine = lines.connections.slice(connections)
      for (const { first, last } of mine.slice(0, -1)) lost.push(...fromTo(first, last))
      const count = (await tailOf(directory)) - appended.length
      const { first, last } = mine.at(-1) ?? { first: 1, last: 0 }
      expect(count).toBeLessThanOrEqual(last - first + 1)
      appended.push(...fromTo(first, first + count - 1))
      lost.push(...fromTo(first + count, last))
      if (first + count <= last)
        say(`kill ${round + 1}: lines ${first + count} to ${last} were sent and not acknowledged`)
    }

    expect(lines.sent).toBe(appended.length + lost.length)
    const counted =
      [...savedCounts(join(directory, 'out'), 'totals').values()].at(-1) ??
      new Map<string, number>()
    expect(sorted(counted)).toEqual(sorted(new Map(appended.map((line) => [String(line), 1]))))
    say(
      `${SOCKET_KILLS} kills, ${lines.sent} lines sent, ${appended.length} appended and ` +
        `counted once, ${lost.length} lost on the way`,
    )
  },
)
