/**
 * One output of one batch, written part by part. Encoding is done where a part is computed. If the
 * sink lets other processes write, so is the writing, and only the receipt of a part comes back.
 * Otherwise its content does, which this process writes.
 */
import type { OpenBatch, Receipt, Sink, SinkBatch } from '../../ports/sink.ts'
import type { Fence } from '../../ports/fence.ts'
import type { PartsTarget } from '../../rdd/write-target.ts'
import { PartsInFlight } from './parts-in-flight.ts'

/** What an output is written with. */
export interface OutputPartsSettings {
  readonly sink: Sink<Uint8Array>
  readonly batch: SinkBatch
  readonly fence: Fence
  readonly encode: PartsTarget['encode']
  /** Called when all is written. */
  readonly finished: (receipt: Receipt) => void
}

/** How many parts are written at the same time, where several can be. */
const WRITES_AT_ONCE = 16

/** The batch is opened when its first part is there: who computes parts for others never does. */
export const outputParts = ({
  sink,
  batch,
  fence,
  encode,
  finished,
}: OutputPartsSettings): PartsTarget => {
  const inFlight = new PartsInFlight(sink.writePart === undefined ? 1 : WRITES_AT_ONCE)
  let opening: Promise<OpenBatch<Uint8Array>> | undefined
  const opened = (): Promise<OpenBatch<Uint8Array>> => (opening ??= sink.open(batch, fence))
  const add = (partition: number, content: Uint8Array): void =>
    inFlight.add({
      bytes: content.byteLength,
      write: async () => (await opened()).write(partition, content),
    })
  return {
    encode,
    add,
    room: () => inFlight.room(),
    admit: async () => (await opened()).admit?.(),
    pack: async (partition, content) =>
      sink.writePart === undefined ? content : sink.writePart(batch, fence, partition, content),
    async take(partition, packed): Promise<void> {
      if (typeof packed === 'string') return (await opened()).wrote?.(partition, packed)
      await inFlight.room()
      add(partition, packed as Uint8Array)
    },
    async finish(): Promise<void> {
      await inFlight.ended()
      finished(await (await opened()).finish())
    },
    async abandon(): Promise<void> {
      await inFlight.ended().catch(() => undefined)
      const batchOpened = await opening?.catch(() => undefined)
      await batchOpened?.abandon()
    },
  }
}
