/** A project in which `millrace dev` runs: a module, a file that it imports, and some lines. */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Millrace, startMillrace } from './millrace.ts'
import { directoryWith } from './refusals.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** The module. */
export const MODULE = `import { seconds, stream } from 'millrace'
import { split } from './split.ts'
export default stream('words', { batchInterval: seconds(1) }, (ssc) => {
  ssc.textFileStream('lines')
    .flatMap(split)
    .mapToPair((word): [string, number] => [word, 1])
    .updateStateByKey<number>((ones, total = 0) => total + ones.length)
    .print()
})
`

/** What it imports. */
export const SPLIT = `export const split = (line: string): string[] => line.split(' ')\n`

const END = 'Ctrl-C ends\n'

/** A project, and the command that runs in it. */
export class DevProject {
  readonly directory: string
  readonly dev: Millrace
  #seen = 0

  constructor(files: Readonly<Record<string, string>>, ...args: readonly string[]) {
    this.directory = directoryWith({
      'in/a.txt': 'to be\nor not to be\n',
      'in/b.txt': 'to\n',
      'words.ts': MODULE,
      'split.ts': SPLIT,
      ...files,
    })
    mkdirSync(join(this.directory, 'node_modules'))
    symlinkSync(ROOT, join(this.directory, 'node_modules', 'millrace'))
    this.dev = startMillrace(this.directory, 'dev', 'words.ts', '--bind', 'lines=in', ...args)
  }

  /** Saves as many editors do: a new file takes the place of the old one. */
  save(name: string, text: string): void {
    writeFileSync(join(this.directory, `${name}~`), text)
    renameSync(join(this.directory, `${name}~`), join(this.directory, name))
  }

  /** What the next run shows. */
  async next(): Promise<string> {
    const from = this.#seen
    const shown = await this.dev.until((text) => text.includes(END, from))
    this.#seen = shown.indexOf(END, from) + END.length
    return shown.slice(from, this.#seen)
  }
}
