/**
 * What has come from outside and waits for its append. A sink takes one delivery at a time, so all
 * that came during an append is stored by the next one.
 *
 * Nothing is stored after a failure: what waits is refused, and the run ends.
 */

/** How much may wait, and how it is stored. */
export interface AppendQueueParts<T> {
  readonly store: (items: readonly T[]) => Promise<void>
  /** When so many bytes or records wait, the queue is full. Default: it is never full. */
  readonly bytesMax?: number
  readonly recordsMax?: number
  /** One append takes so many bytes, or one item. Default: all that waits. */
  readonly appendBytes?: number
  /** Before each append: lets what comes at the same time be collected. Default: nothing. */
  readonly turn?: () => Promise<void>
}

/** The size of an item. */
export interface ItemSize {
  readonly bytes: number
  readonly records: number
}

interface Waiting<T> extends ItemSize {
  readonly item: T
  readonly done: PromiseWithResolvers<void>
}

/** Stores items in the order in which they came, many at a time. */
export class AppendQueue<T> {
  readonly #parts: AppendQueueParts<T>
  readonly #failed = new AbortController()
  readonly #waiting: Waiting<T>[] = []
  #bytes = 0
  #records = 0
  #storing: Promise<void> | undefined
  #room: PromiseWithResolvers<void> | undefined

  constructor(parts: AppendQueueParts<T>) {
    this.#parts = parts
  }

  /** Aborted with the error of an append. */
  get failed(): AbortSignal {
    return this.#failed.signal
  }

  get isFull(): boolean {
    const { bytesMax = Infinity, recordsMax = Infinity } = this.#parts
    return this.#bytes >= bytesMax || this.#records >= recordsMax
  }

  /** Resolves when something has been stored. Undefined: the queue is not full. */
  room(): Promise<void> | undefined {
    if (!this.isFull) return undefined
    this.#room ??= Promise.withResolvers<void>()
    return this.#room.promise
  }

  /** Resolves when the item is stored. Rejects if it, or one before it, could not be stored. */
  async add(item: T, size: ItemSize): Promise<void> {
    const { failed } = this
    if (failed.aborted)
      throw new Error('an earlier message could not be stored', { cause: failed.reason })
    const done = Promise.withResolvers<void>()
    this.#bytes += size.bytes
    this.#records += size.records
    this.#waiting.push({ ...size, item, done })
    this.#storing ??= this.#storeAll()
    await done.promise
  }

  /** Resolves when all is stored or refused. */
  async settled(): Promise<void> {
    await this.#storing
  }

  async #storeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      if (this.#parts.turn !== undefined) await this.#parts.turn()
      const next = this.#next()
      try {
        await this.#parts.store(next.map(({ item }) => item))
        for (const { done } of next) done.resolve()
        this.#release(next)
      } catch (error) {
        const refused = [...next, ...this.#waiting.splice(0)]
        this.#failed.abort(error)
        for (const { done } of refused) done.reject(error)
        this.#release(refused)
      }
    }
    this.#storing = undefined
  }

  #release(items: readonly ItemSize[]): void {
    for (const { bytes, records } of items) {
      this.#bytes -= bytes
      this.#records -= records
    }
    this.#room?.resolve()
    this.#room = undefined
  }

  /** At least one. */
  #next(): readonly Waiting<T>[] {
    const { appendBytes = Infinity } = this.#parts
    let bytes = 0
    const past = this.#waiting.findIndex((one, index) => {
      bytes += one.bytes
      return index > 0 && bytes > appendBytes
    })
    return this.#waiting.splice(0, past === -1 ? this.#waiting.length : past)
  }
}
