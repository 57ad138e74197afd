import type { SplitLines } from '../../formats/text-lines.ts'
import type { Delivery, ReceiverSink, RejectedRecord } from '../../ports/receiver.ts'

/** Collects what a receiver reads, and passes it on in deliveries. */
export interface DeliveryBuffer {
  /** Adds lines, which will be delivered soon. `sizeBytes` is their approximate size. */
  add(split: SplitLines, sizeBytes: number): void
  /**
   * Whether the receiver should `flush` before it reads more: so a slow store slows the sender
   * down.
   */
  readonly isFull: boolean
  /** Resolves when everything added is stored. Rejects when a store has failed, now or before. */
  flush(): Promise<void>
  /** Stops the timer of the next delivery. */
  close(): void
}

/** The limits of a delivery. */
export interface DeliveryLimits {
  readonly recordsMax: number
  readonly bytesMax: number
  /**
   * The shortest time between two deliveries, unless the buffer is full: each of many small
   * deliveries would cost a durable write.
   */
  readonly intervalMs: number
}

/** The content added since the last delivery. */
class Collected implements Delivery {
  readonly records: string[] = []
  readonly rejected: RejectedRecord[] = []
  sizeBytes = 0

  get count(): number {
    return this.records.length + this.rejected.length
  }

  add({ lines, rejected }: SplitLines, sizeBytes: number): void {
    const before = this.records.length
    for (const { code, data, sizeBytes: lineBytes, index } of rejected) {
      this.rejected.push({ code, data, sizeBytes: lineBytes, index: before + index })
    }
    for (const line of lines) this.records.push(line)
    this.sizeBytes += sizeBytes
  }
}

/**
 * A {@link DeliveryBuffer} for a sink. The first lines after a pause are delivered at once. Lines
 * that arrive during a store, or within `intervalMs` of the last one, are delivered together.
 * `onFailure` is called when the sink rejects and no caller waits for the result.
 */
export const deliveryBuffer = (
  sink: Pick<ReceiverSink, 'store'>,
  { recordsMax, bytesMax, intervalMs }: DeliveryLimits,
  onFailure: () => void,
): DeliveryBuffer => {
  let collected = new Collected()
  let last: Promise<void> = Promise.resolve()
  let pause: NodeJS.Timeout | undefined

  const storeCollected = async (): Promise<void> => {
    const { records, rejected, count } = collected
    if (count === 0) return
    collected = new Collected()
    await sink.store({ records, rejected })
  }
  const flush = (): Promise<void> => {
    // Deliveries run one after the other: the sink is never called again before the last call has
    // settled. After one has failed, all later ones fail.
    last = last.then(storeCollected)
    return last
  }
  const deliver = (): void => {
    pause = setTimeout(() => {
      pause = undefined
      if (collected.count > 0) deliver()
    }, intervalMs)
    flush().catch(onFailure)
  }

  return {
    add(split: SplitLines, sizeBytes: number): void {
      collected.add(split, sizeBytes)
      if (pause === undefined && collected.count > 0) deliver()
    },
    get isFull(): boolean {
      return collected.count >= recordsMax || collected.sizeBytes >= bytesMax
    },
    flush,
    close(): void {
      clearTimeout(pause)
    },
  }
}
