/** Parts of an output that wait, or are on their way: few bytes at a time. */

/**
 * So many bytes may wait or be on their way before the next part is computed. A part may have more:
 * then it is alone.
 */
const BYTES_MAX = 16 * 1024 * 1024

interface Part {
  readonly bytes: number
  readonly write: () => Promise<void>
}

/** See the head of this file. After a failure nothing more begins. */
export class PartsInFlight {
  readonly #atOnce: number
  readonly #waiting: Part[] = []
  #running = 0
  #bytes = 0
  #failure: { readonly error: unknown } | undefined
  #change = Promise.withResolvers<void>()

  /** `atOnce`: how many writes run at the same time. */
  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** Adds a part, whatever is on its way. Who wants to wait asks for `room` before. */
  add(part: Part): void {
    this.#bytes += part.bytes
    this.#waiting.push(part)
    this.#begin()
  }

  /** Waits until there are few bytes. Rejects if a write has failed. */
  async room(): Promise<void> {
    while (this.#failure === undefined && this.#bytes >= BYTES_MAX) await this.#change.promise
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Waits until nothing runs any more. Rejects if a write has failed. */
  async ended(): Promise<void> {
    while (this.#running > 0) await this.#change.promise
    if (this.#failure !== undefined) throw this.#failure.error
  }

  #begin(): void {
    while (this.#failure === undefined && this.#running < this.#atOnce) {
      const part = this.#waiting.shift()
      if (part === undefined) return
      this.#running += 1
      void this.#run(part)
    }
  }

  async #run({ bytes, write }: Part): Promise<void> {
    try {
      await write()
    } catch (error) {
      this.#failure ??= { error }
    }
    this.#running -= 1
    this.#bytes -= bytes
    this.#begin()
    this.#change.resolve()
    this.#change = Promise.withResolvers()
  }
}
