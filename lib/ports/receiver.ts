/** A line that could not be taken as text, with its bytes or the beginning of them. */
export interface RejectedRecord {
  readonly code: 'LINE_NOT_UTF8' | 'LINE_TOO_LONG'
  /** The bytes, cut off after the first thousand. */
  readonly data: Uint8Array
  /** How many bytes the record has in all. */
  readonly sizeBytes: number
  /** Where it stood: how many good records of the same delivery came before it. */
  readonly index: number
}

/** What a receiver hands over in one go, in the order of arrival. */
export interface Delivery {
  readonly records: readonly unknown[]
  readonly rejected: readonly RejectedRecord[]
}

/** What a receiver is given to hand records to. */
export interface ReceiverSink {
  /**
   * Takes records. Resolves when they are durable: only then may the receiver acknowledge its
   * source, and it should not read on long before (this is how a full lane slows a sender down).
   * Never called again before it has settled.
   */
  store(delivery: Delivery): Promise<void>
  /** Says something to the person who watches: connected, lost, connecting again. */
  report(message: string): void
}

/**
 * A source that cannot be read again: what it delivers and we do not store is gone.
 *
 * What an implementation promises: it delivers records in order and in one stream; it connects
 * again by itself, 2 s after a loss (Spark's `spark.streaming.receiverRestartDelay`), unless asked
 * to end with the source.
 */
export interface Receiver {
  /** How it is called in messages, for example `socket localhost:9999`. */
  readonly description: string
  /**
   * Runs until the signal is aborted, or, with `untilEnd`, until the source has ended once and
   * everything is stored. Rejects only when `store` rejected.
   */
  run(
    sink: ReceiverSink,
    options: { readonly signal: AbortSignal; readonly untilEnd: boolean },
  ): Promise<void>
}
