import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../lib/testing/random.ts'

const WORDS = [
  'mill',
  'race',
  'wheel',
  'river',
  'sluice',
  'grain',
  'stone',
  'Ünal',
  '水',
  '__proto__',
]

/** Writes files of words, each complete when it appears, and remembers all words. */
export class Feeder {
  readonly pairs: (readonly [string, number])[] = []
  readonly #directory: string
  readonly #random: Random
  #files = 0

  constructor(directory: string, random: Random) {
    this.#directory = directory
    this.#random = random
    mkdirSync(join(directory, 'in'))
  }

  write(): void {
    const lines = Array.from({ length: this.#random.between(1, 20) }, () =>
      Array.from({ length: this.#random.between(1, 5) }, () => this.#random.pick(WORDS)),
    )
    const name = `file-${String(this.#files++).padStart(4, '0')}`
    writeFileSync(
      join(this.#directory, name),
      lines.map((words) => `${words.join(' ')}\n`).join(''),
    )
    renameSync(join(this.#directory, name), join(this.#directory, 'in', name))
    for (const word of lines.flat()) this.pairs.push([word, 1])
  }
}
