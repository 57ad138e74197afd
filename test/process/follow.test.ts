/** `millrace run --follow`: each line once, in order, across kills and renames. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Random } from '../../lib/testing/random.ts'
import { millrace, pipelinePath, startMillrace, temporaryDirectory } from './millrace.ts'
import { bound, testRefusals, words } from './refusals.ts'
import { linesOfOutput } from './results.ts'

const KILLS = 6

/** A directory with logs, and the command that follows them. */
const bed = (binding: string) => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'logs'))
  const run = ['run', pipelinePath('followed'), '--follow', '--bind', `lines=${binding}`]
  const command = [...run, '--bind', 'results=out', '--state', 'state']
  const saved = (): readonly string[] =>
    readdirSync(join(directory, 'out'))
      .toSorted()
      .flatMap((output) => linesOfOutput(join(directory, 'out', output)))
  /** How many lines batches have written until now, also batches that are not finished. */
  const taken = (): number => {
    const out = join(directory, 'out')
    if (!existsSync(out)) return 0
    const paths = readdirSync(out, { recursive: true, encoding: 'utf8' })
    return paths
      .filter((path) => basename(path).startsWith('part-'))
      .reduce((sum, path) => sum + readFileSync(join(out, path), 'utf8').split('\n').length - 1, 0)
  }
  return { command, directory, log: join(directory, 'logs', 'app.log'), saved, taken }
}

test(
  'a log is taken once and in order, however often the process is killed',
  {
    timeout: 120_000,
  },
  async () => {
    const { command, directory, log, saved, taken } = bed('logs/app.log')
    const random = new Random(7)
    const written: string[] = []
    const write = async (): Promise<void> => {
      for (let part = random.between(1, 8); part > 0; part--) {
        const from = written.length
        for (let line = random.between(1, 200); line > 0; line--)
          written.push(`line ${written.length}`)
        appendFileSync(log, `${written.slice(from).join('\r\n')}\r\n`)
        await pause(random.between(0, 60))
      }
    }
    // The first line of the log that has the name now.
    let first = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const running = startMillrace(directory, ...command, '--json')
      await running.untilEvent('started')
      await write()
      // A file of which no line is stored is not known by its inode.
      while (taken() <= first) await pause(20)
      await pause(random.between(0, 60))
      await running.signal('SIGKILL')
      await write()
      if (!random.chance(0.5)) continue
      renameSync(log, `${log}.${kill}`)
      first = written.length
    }
    const last = await millrace(directory, ...command, '--once')
    expect([last.exitCode, last.stderr]).toEqual([0, last.stderr])
    expect(saved()).toEqual(written)
  },
)

test('--once ends with what is there, and the next run goes on', async () => {
  const { command, directory, log, saved } = bed('logs/*.log')
  writeFileSync(log, 'a\nb\nbegun')
  writeFileSync(`${log}.gz`, 'left out')
  writeFileSync(join(directory, 'logs', 'other.log'), 'c\n')
  const first = await millrace(directory, ...command, '--once')
  expect(first.stdout).toContain('lines: lines of logs/*.log, also those written later')
  expect(first.stderr).toContain('waits for the end of a line: 5 bytes')
  expect(saved().toSorted()).toEqual(['a', 'b', 'c'])
  appendFileSync(log, ' and done\n')
  await millrace(directory, ...command, '--once')
  expect(saved().toSorted()).toEqual(['a', 'b', 'begun and done', 'c'])
})

describe('what cannot be followed is refused', () => {
  const follow = ['run', words, ...bound, '--follow']
  const row = (what: string, binding: string, says: readonly string[], code = 'BINDING_UNFIT') => ({
    what,
    files: { 'a.log.gz': '' },
    args: [...follow, '--bind', `lines=${binding}`],
    exitCode: 2,
    code,
    says,
  })
  testRefusals([
    row('a directory', 'in', ["--bind 'lines=in/*.log'"]),
    row('a pattern of directories', './*', ['is not bound to files']),
    row('the standard input', '-', ['the standard input cannot be followed', 'lines=access.log']),
    row('a socket', 'socket://localhost:1', ['cannot be followed', 'lines=access.log']),
    row('a bucket', 's3://bucket/in', ['"s3:" are not known here'], 'BINDING_INVALID'),
    row('a compressed file', 'a.log.gz', ['never grows', '--once --bind lines=a.log.gz']),
    row('a directory that is not there', 'no/a.log', ['may come later'], 'DIRECTORY_MISSING'),
  ])
})
