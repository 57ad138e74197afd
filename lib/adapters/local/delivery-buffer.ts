import type { SplitLines } from '../../formats/text-lines.ts'
import type { Delivery, ReceiverSink, RejectedRecord } from '../../ports/receiver.ts'

/** Collects what a receiver reads, and hands it on a delivery at a time. */
export interface DeliveryBuffer {
  /**
   * Takes lines, and sees to it that they are delivered soon. `sizeBytes` is about how large they
   * are.
   */
  add(split: SplitLines, sizeBytes: number): void
  /**
   * Whether the receiver should `flush` before it reads on: this is how a slow store slows the
   * sender down.
   */
  readonly isFull: boolean
  /**
   * Resolves when all that was added is stored. Rejects when a store was rejected, this time or
   * before.
   */
  flush(): Promise<void>
  /** Ends the waiting for the next delivery. */
  close(): void
}

/** How large a delivery may get. */
export interface DeliveryLimits {
  readonly recordsMax: number
  readonly bytesMax: number
  /**
   * At least so long between one delivery and the next, unless the buffer is full: many small ones
   * would cost one durable write each.
   */
  readonly intervalMs: number
}

/** What has been added since the last delivery. */
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
 * A {@link DeliveryBuffer} for a sink. The first lines after a pause go at once; what comes while a
 * store is under way, or within `intervalMs` of the last one, goes together. `onFailure` hears when
 * the sink rejects what nobody waits for.
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
    // One after the other: the sink is never called again before it has settled. Once one has
    // failed, all that follow do.
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
