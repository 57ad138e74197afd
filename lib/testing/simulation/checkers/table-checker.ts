import { unpackFiles } from '../../../base/file-bundle.ts'
import type { OutputBucket } from '../cloud/output-bucket.ts'
import type { TableFiles } from '../pipelines/pipeline.ts'
import type { Violations } from './violations.ts'

/** The place of a batch in a table: `daily/_batches/1700000000000`. */
export const tablePlace = (table: string, timeMs: number): string => `${table}/_batches/${timeMs}`

/** The table that a path is the place of a batch in. Undefined: it is another output. */
export const tableOf = (path: string): string | undefined => /^(.+)\/_batches\/\d+$/.exec(path)?.[1]

/** What a batch adds to a table, as one text, however it is divided among files. */
export const tableText = (files: Iterable<readonly [directory: string, text: string]>): string => {
  const texts = new Map<string, string>()
  for (const [directory, text] of files)
    texts.set(directory, `${texts.get(directory) ?? ''}${text}`)
  return [...texts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([directory, text]) => `${directory}:\n${text}`)
    .join('')
}

/** The same of files in bundles. */
export const bundlesText = (bundles: readonly Uint8Array[]): string => {
  const files = bundles.flatMap((bundle) => unpackFiles(bundle).files)
  return tableText(
    files.map(({ directory, bytes }) => [directory, Buffer.from(bytes).toString('utf8')]),
  )
}

/** A file that readers of a table take. They pass over what is hidden. */
const SHOWN = /^([^/]+)\/([^._/][^/]*=[^/]*)\/[^._/][^/]*$/

const rowsIn = (directory: string, text: string): readonly string[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((row) => `${directory}: ${row}`)

/**
 * B4, as a reader sees it that lists the directories of a table and knows nothing of `_SUCCESS`:
 * whenever it looks, it finds no row twice and none that is not committed.
 */
export class TableChecker {
  readonly #bucket: OutputBucket
  readonly #violations: Violations
  /** The committed rows of each table, and whether readers see them. */
  readonly #rows = new Map<string, Map<string, boolean>>()
  /** The text of each file that readers see, by its key. */
  readonly #files = new Map<string, string>()

  constructor(bucket: OutputBucket, violations: Violations) {
    this.#bucket = bucket
    this.#violations = violations
  }

  /** A batch that adds to a table is committed. */
  committed(table: string, files: TableFiles): void {
    const rows = this.#rows.get(table) ?? new Map<string, boolean>()
    this.#rows.set(table, rows)
    for (const [directory, text] of files)
      for (const row of rowsIn(directory, text)) rows.set(row, false)
  }

  /** An object was written or deleted. */
  changed(key: string): void {
    const [, table, directory] = SHOWN.exec(key) ?? []
    if (table === undefined || directory === undefined) return
    const bytes = this.#bucket.bytesOf(key)
    const text = bytes && Buffer.from(bytes).toString('utf8')
    const before = this.#files.get(key)
    const expect = this.#violations.expect.bind(this.#violations)
    expect(
      'B4',
      before === undefined || before === text,
      () => `${key} was ${JSON.stringify(before)} and is ${JSON.stringify(text)} now`,
    )
    if (text === undefined || before !== undefined) return
    this.#files.set(key, text)
    for (const row of rowsIn(directory, text)) this.#seen(table, row)
  }

  #seen(table: string, row: string): void {
    const rows = this.#rows.get(table)
    const isSeen = rows?.get(row)
    const expect = this.#violations.expect.bind(this.#violations)
    expect('B4', isSeen !== undefined, () => `${table} shows ${row}, which is not committed`)
    expect('B4', isSeen !== true, () => `${table} shows ${row} twice`)
    rows?.set(row, true)
  }

  /** When all is done, readers see all rows. */
  finished(): void {
    for (const [table, rows] of this.#rows)
      for (const [row, isSeen] of rows)
        this.#violations.expect('B4', isSeen, () => `${table} does not show ${row}`)
  }
}
