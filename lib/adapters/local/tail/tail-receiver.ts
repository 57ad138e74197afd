/**
 * A {@link Receiver} of the lines of files that grow, as `tail -F` reads them. Each delivery has
 * the marks of all files with it, and both are stored in one write. So each line is taken once,
 * whenever the process ends.
 */
import type { Receiver, ReceiverSink, RejectedRecord } from '../../../ports/receiver.ts'
import { LINE_LIMITS } from '../read-lines.ts'
import { systemClock } from '../system-clock.ts'
import type { FileMark, Taken, TailedFile } from './tailed-file.ts'
import { TailedFiles } from './tailed-files.ts'
import { watchedNames } from './watched-names.ts'

/** Settings of {@link tailReceiver}. */
export interface TailReceiverOptions {
  /** A file, or a pattern of files. Absolute. */
  readonly path: string
  /** The beginning of the path that has no patterns in any case. Default: nothing. */
  readonly base?: string
  /** The pause between two looks. Default 200. */
  readonly pollMs?: number
  /** The longest line accepted, in bytes. Default: 10 MiB. */
  readonly lineBytesMax?: number
}

/** After so many takes of one file, the others have their turn. */
const TAKES_PER_TURN = 16

/** Follows a file, or the files that match a pattern. With `untilEnd`: to what is there now. */
export const tailReceiver = (options: TailReceiverOptions): Receiver => ({
  description: `file ${options.path}`,
  async run(sink, { signal, untilEnd }) {
    const say = sayOnce(sink)
    const names = watchedNames(options.path, options.base ?? '', say)
    const files = new TailedFiles(names, sink, options.lineBytesMax)
    const clock = systemClock()
    try {
      await files.resume(sink.feeder === undefined ? [] : (JSON.parse(sink.feeder) as FileMark[]))
      if (untilEnd) await files.endHere()
      for (let hasMore = true; !signal.aborted && (!untilEnd || hasMore);) {
        hasMore = await readRound(files, sink, signal)
        if (files.isEmpty) say(`${options.path} is not there yet. It is read when it is written`)
        if (!hasMore && !untilEnd) await clock.sleep(options.pollMs ?? 200, signal)
      }
      if (untilEnd && !signal.aborted) await files.sayUnfinished()
    } finally {
      await files.close()
    }
  },
})

/** The same message is not repeated at each look. */
const sayOnce = (sink: ReceiverSink): ((message: string) => void) => {
  const said = new Set<string>()
  return (message) => {
    if (said.has(message) || said.size > 1_000) return
    said.add(message)
    sink.report(message)
  }
}

/** Reads what is new. Returns whether more is there at once. */
const readRound = async (
  files: TailedFiles,
  sink: ReceiverSink,
  signal: AbortSignal,
): Promise<boolean> => {
  const pending = new Pending(sink, files)
  let hasMore = false
  let isBefore = false
  const changed = await files.changed()
  if (files.takeIsMarkNew()) await pending.storeMarks()
  for (const file of changed) {
    // The rest of a file that was renamed comes before the lines of the file with its name.
    if (!signal.aborted && !isBefore && (await readTurn(file, pending, signal))) continue
    file.lookAgain()
    hasMore = true
    isBefore ||= file.goneMs !== undefined
  }
  await pending.flush()
  await files.letGo()
  return hasMore
}

/** Returns whether everything was read. */
const readTurn = async (
  file: TailedFile,
  pending: Pending,
  signal: AbortSignal,
): Promise<boolean> => {
  for (let takes = 0; takes < TAKES_PER_TURN && !signal.aborted; takes++) {
    const taken = await file.take()
    if (taken === undefined) return true
    pending.add(taken)
    if (pending.isFull) await pending.flush()
  }
  return false
}

/** Lines that are read and not stored yet. */
class Pending {
  readonly #sink: ReceiverSink
  readonly #files: TailedFiles
  #records: string[] = []
  #rejected: RejectedRecord[] = []
  #sizeBytes = 0

  constructor(sink: ReceiverSink, files: TailedFiles) {
    this.#sink = sink
    this.#files = files
  }

  get isFull(): boolean {
    const { recordsMax, bytesMax } = LINE_LIMITS
    return this.#records.length + this.#rejected.length >= recordsMax || this.#sizeBytes >= bytesMax
  }

  add({ lines, rejected, sizeBytes }: Taken): void {
    const before = this.#records.length
    for (const { code, data, sizeBytes: lineBytes, index } of rejected)
      this.#rejected.push({ code, data, sizeBytes: lineBytes, index: before + index })
    for (const line of lines) this.#records.push(line)
    this.#sizeBytes += sizeBytes
  }

  /** Everything that the marks count as read is stored here, or was before. */
  async flush(): Promise<void> {
    const [records, rejected] = [this.#records, this.#rejected]
    if (records.length + rejected.length === 0) return
    this.#records = []
    this.#rejected = []
    this.#sizeBytes = 0
    await this.#store(records, rejected)
  }

  /** Before a line of a new file is read. */
  async storeMarks(): Promise<void> {
    await this.#store([], [])
  }

  async #store(records: readonly string[], rejected: readonly RejectedRecord[]): Promise<void> {
    await this.#sink.store({ records, rejected, feeder: JSON.stringify(this.#files.marks()) })
  }
}
