/** A reader that lists the directories of a table, as engines for queries do, and trusts them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'

const NOTHING = '__HIVE_DEFAULT_PARTITION__'

/** Engines pass over names that begin so. They know nothing of `_SUCCESS`. */
const isHidden = (name: string): boolean => /^[._]/.test(name)

/** The value of the one column: `shop=a%2Fb`. */
const shopOf = (directory: string): string => {
  const [, text = ''] = /^shop=(.*)$/s.exec(directory) ?? []
  return text === NOTHING ? '' : decodeURIComponent(text)
}

/** A table of rows with ids, with one column in its directories: `shop`. */
export class ListedTable {
  readonly #root: string
  /** The shop of each row that was ever seen, by its id. */
  readonly rows = new Map<number, string>()
  /** When a file was last written, by its path. */
  readonly #files = new Map<string, number>()

  constructor(root: string) {
    this.#root = root
  }

  /** How many files there are. */
  get files(): number {
    return this.#files.size
  }

  /**
   * Looks at all files once. No row may be there twice, and no file may be gone or be another one
   * than before.
   */
  look(): void {
    const found = this.#list()
    const gone = [...this.#files.keys()].filter((path) => !found.has(path))
    expect(gone).toEqual([])
    for (const [path, shop] of found) {
      const { mtimeMs } = statSync(path)
      const before = this.#files.get(path)
      if (before !== undefined) expect({ path, mtimeMs }).toEqual({ path, mtimeMs: before })
      else this.#read(path, shop)
      this.#files.set(path, mtimeMs)
    }
  }

  #read(path: string, shop: string): void {
    const lines = readFileSync(path, 'utf8').split('\n')
    // A file is there as a whole.
    expect(lines.pop()).toBe('')
    for (const line of lines) {
      const row = JSON.parse(line) as { readonly id: number }
      expect(Object.keys(row)).toEqual(['id'])
      if (this.rows.has(row.id)) throw new Error(`row ${row.id} of ${path} is there twice`)
      this.rows.set(row.id, shop)
    }
  }

  /** The shop of each file, by its path. */
  #list(): ReadonlyMap<string, string> {
    if (!existsSync(this.#root)) return new Map()
    const shops = readdirSync(this.#root).filter((name) => !isHidden(name))
    return new Map(
      shops.flatMap((name) =>
        readdirSync(join(this.#root, name))
          .filter((file) => !isHidden(file))
          .map((file) => [join(this.#root, name, file), shopOf(name)] as const),
      ),
    )
  }
}
