import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { killAndCompare } from './sink-kills.ts'

const KILLS = 20

test(
  'tables in a file of SQLite, which stands in for PostgreSQL, are exact after twenty kills',
  { timeout: 180_000 },
  async () => {
    const { again, words } = await killAndCompare({ kills: KILLS, seed: 20_262 }, (directory) => ({
      bindings: ['scores=sqlite:./scores.db'],
      async sums(table) {
        const database = new DatabaseSync(join(directory, 'scores.db'))
        const rows = database.prepare(`SELECT word, sum(n) AS n FROM ${table} GROUP BY word`).all()
        database.close()
        return new Map(rows.map(({ word, n }) => [String(word), Number(n)]))
      },
    }))
    expect(again).toBeGreaterThan(KILLS / 4)
    process.stdout.write(`${KILLS} kills, ${again} batches tried again, ${words} words exact\n`)
  },
)
