/** A place with files that a pipeline watches, as scenarios see it. */

/** A file that is put into a place. */
export interface NewFile {
  /** Default: one line, the last part of the name. */
  readonly bytes?: Uint8Array | undefined
  /** How long ago it was modified. For a multipart upload: how long ago it began. Default 0. */
  readonly ageMs?: number | undefined
  /** Whether it is put into an archive. */
  readonly isArchived?: boolean | undefined
}

/** How notifications come. */
export type Delivery =
  | 'once'
  | 'twice'
  | 'in reverse order'
  | 'never'
  | 'later'
  | 'beside malformed ones'
  | 'wrapped by SNS'
  | 'through EventBridge'

/** What became of the files. */
export interface Seen {
  /** The lines that were counted, sorted. */
  readonly lines: readonly string[]
  /** The codes of dead letters, sorted. */
  readonly deadLetters: readonly string[]
  /** What was said of files that were left out, each once: sorted. */
  readonly said: readonly string[]
}

/** A place, and a pipeline that watches it. */
export interface Place {
  put(key: string, file?: NewFile): Promise<void>
  copy(from: string, to: string): Promise<void>
  /** In a bucket: a copy, and then a deletion. */
  rename(from: string, to: string): Promise<void>
  /** Gives a file the time of now, and changes nothing else. */
  touch(key: string): Promise<void>
  append(key: string, text: string): Promise<void>
  remove(key: string): Promise<void>
  restore(key: string): Promise<void>
  /** Sets the clock of the storage ahead, or behind. */
  skew(aheadMs: number): Promise<void>
  /** Runs the pipeline in a new process, until nothing waits. */
  batch(): Promise<void>
  /** Lets time pass, and runs the pipeline. */
  pass(ms: number): Promise<void>
  /** The change happens after the next file was logged with its batch, and before it is read. */
  beforeRead(change: (place: Place) => Promise<void>): void
  deliver(how: Delivery): Promise<void>
  redrive(): Promise<void>
  seen(): Promise<Seen>
  close(): Promise<void>
}

/** What is seen, as text for a cell of the table. */
export const seenText = ({ lines, deadLetters, said }: Seen): string => {
  const counted = lines.length === 0 ? 'nothing' : grouped(lines).join(', ')
  return [
    counted,
    ...grouped(deadLetters).map((code) => `dead letter ${code}`),
    ...said.map((text) => `says: ${text}`),
  ].join('; ')
}

/** Equal texts once, with their number. */
const grouped = (texts: readonly string[]): readonly string[] =>
  [...Map.groupBy(texts, (text) => text)].map(([text, same]) =>
    same.length === 1 ? text : `${text} ×${same.length}`,
  )
