import { writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { seconds } from 'millrace'
import { testStream } from 'millrace/testing'
import { expect, test } from 'vitest'
import scores from '../../examples/scores.ts'
import { millrace, temporaryDirectory } from '../process/millrace.ts'

const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'scores.ts')

test('on a laptop, a file of SQLite stands in for the database', async () => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'in'))
  writeFileSync(join(directory, 'in', 'a.csv'), 'ann,5\nbob,7\nann,2\n')
  const bound = ['--bind', 'games=in', '--bind', 'scores=sqlite:./scores.db']
  const run = ['run', EXAMPLE, ...bound, '--state', 'state', '--once']
  expect(await millrace(directory, ...run)).toMatchObject({ exitCode: 0 })
  writeFileSync(join(directory, 'in', 'b.csv'), 'bob,1\n')
  expect(await millrace(directory, ...run)).toMatchObject({ exitCode: 0 })

  const database = new DatabaseSync(join(directory, 'scores.db'))
  expect(database.prepare('SELECT * FROM totals ORDER BY player').all()).toEqual([
    { player: 'ann', points: 7, games: 2 },
    { player: 'bob', points: 8, games: 2 },
  ])
  expect(database.prepare('SELECT player, points FROM games ORDER BY points').all()).toEqual([
    { player: 'bob', points: 1 },
    { player: 'ann', points: 2 },
    { player: 'ann', points: 5 },
    { player: 'bob', points: 7 },
  ])
  database.close()
})

test('in a test, nothing is connected: the rows are seen, and nothing else is needed', async () => {
  const app = await testStream(scores)
  app.input('games').addFile('a.csv', 'ann,5\nbob,x\n')
  await app.advance(seconds(1))
  const files = Object.values(app.output('saveTo-2').batches.at(-1)?.files ?? {})
  expect(files.join('')).toContain('{"player":"ann","points":5,"games":1}')
})
