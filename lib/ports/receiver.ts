/** A line that is not usable as text, with its first bytes. */
export interface RejectedRecord {
  readonly code: 'LINE_NOT_UTF8' | 'LINE_TOO_LONG'
  /** The bytes, at most the first thousand. */
  readonly data: Uint8Array
  /** The size of the whole record in bytes. */
  readonly sizeBytes: number
  /** Its position: the number of good records before it in the same delivery. */
  readonly index: number
}

/** Records that a receiver delivers in one call, in the order of arrival. */
export interface Delivery {
  readonly records: readonly unknown[]
  readonly rejected: readonly RejectedRecord[]
  /**
   * Where to go on after these records, for a source that can be read again. Stored together with
   * them, also if there are none. Left out: the source cannot be read again.
   */
  readonly feeder?: string
  /**
   * Whether the source sends these records again if they are not stored. Default: only with a
   * `feeder`.
   */
  readonly comesAgain?: boolean
}

/** Takes the records of a receiver. */
export interface ReceiverSink {
  /** The `feeder` of the last delivery that was stored, by any process. */
  readonly feeder?: string
  /**
   * Stores records. Resolves when they are durable. Only then may the receiver acknowledge them to
   * its source, and it should not read much more before that: so a full lane slows the sender down.
   * Not called again before the last call has settled.
   */
  store(delivery: Delivery): Promise<void>
  /**
   * Shows a message to the operator: connected, lost, connecting again. `failure`: it is about an
   * error, with its text.
   */
  report(message: string, failure?: string): void
}

/**
 * A source that feeds a lane. What it delivers and Millrace does not store is lost, unless it can
 * be read again: then it goes on where its last `feeder` says.
 *
 * What an implementation promises: it delivers records in order, as one stream. It connects again
 * by itself 2 s after it loses the connection (`spark.streaming.receiverRestartDelay` in Spark),
 * unless it was asked to end with the source.
 */
export interface Receiver {
  /** Its name in messages, for example `socket localhost:9999`. */
  readonly description: string
  /**
   * Runs until the signal is aborted. With `untilEnd` it also ends when the source has ended once
   * and everything is stored. Rejects only if `store` rejected.
   */
  run(
    sink: ReceiverSink,
    options: { readonly signal: AbortSignal; readonly untilEnd: boolean },
  ): Promise<void>
}
