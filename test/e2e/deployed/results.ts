/**
 * The files that a deployed application writes, read like a user who knows nothing of their writer.
 */
import { s3Client } from '../../../lib/adapters/aws/s3-client.ts'
import { listKeys, readObject } from '../../../lib/adapters/aws/s3-files.ts'
import { fenceIn, SUCCESS_FILE } from '../../../lib/adapters/output-layout.ts'
import type { Fence } from '../../../lib/ports/fence.ts'
import { type Totals, totalsIn } from './totals.ts'

/** The files of one batch. */
export interface BatchFiles {
  readonly timeMs: number
  /** Without `_SUCCESS`, the file that marks them as complete. */
  readonly names: readonly string[]
  /** Undefined: the files are not complete. */
  readonly fence: Fence | undefined
}

/** One output of an application: a directory for each batch. */
export class Results {
  readonly bucket: string
  readonly #prefix: string
  #last: { readonly timeMs: number; readonly text: string } | undefined

  constructor(bucket: string, prefix: string) {
    this.bucket = bucket
    this.#prefix = prefix
  }

  /** All batches, in the order of their times. */
  async batches(): Promise<readonly BatchFiles[]> {
    const byTime = Map.groupBy(await listKeys(this.#place(), `${this.#prefix}-`), timeIn)
    const files = [...byTime].map(async ([timeMs, keys]): Promise<BatchFiles> => {
      const names = keys.map(nameIn)
      const success = await readObject(this.#place(), this.#key(timeMs, SUCCESS_FILE))
      return {
        timeMs,
        names: names.filter((name) => name !== SUCCESS_FILE),
        fence: success && fenceIn(success.bytes),
      }
    })
    return (await Promise.all(files)).toSorted((a, b) => a.timeMs - b.timeMs)
  }

  /** The totals of a batch. */
  async totals(batch: Pick<BatchFiles, 'timeMs' | 'names'>): Promise<Totals> {
    return totalsIn(await this.text(batch))
  }

  /** The totals of the last complete batch. */
  async last(): Promise<Totals> {
    return totalsIn(await this.lastText())
  }

  /** The files of the last complete batch, one after the other. */
  async lastText(): Promise<string> {
    const keys = await listKeys(this.#place(), `${this.#prefix}-`)
    const times = keys.filter((key) => key.endsWith(`/${SUCCESS_FILE}`)).map(timeIn)
    if (times.length === 0) return ''
    const timeMs = Math.max(...times)
    const names = keys.filter((key) => key.startsWith(this.#key(timeMs, 'part-'))).map(nameIn)
    if (this.#last?.timeMs !== timeMs)
      this.#last = { timeMs, text: await this.text({ timeMs, names }) }
    return this.#last.text
  }

  /** The files of a batch, one after the other. */
  async text({ timeMs, names }: Pick<BatchFiles, 'timeMs' | 'names'>): Promise<string> {
    const parts = await Promise.all(
      names.map(async (name) => readObject(this.#place(), this.#key(timeMs, name))),
    )
    return parts.map((part) => Buffer.from(part?.bytes ?? []).toString()).join('')
  }

  #place(): Parameters<typeof listKeys>[0] {
    return { client: s3Client(), bucket: this.bucket }
  }

  #key(timeMs: number, name: string): string {
    return `${this.#prefix}-${timeMs}/${name}`
  }
}

const nameIn = (key: string): string => key.slice(key.lastIndexOf('/') + 1)
const timeIn = (key: string): number => Number(/-(\d+)\/[^/]*$/.exec(key)?.[1])
