import type { Fence } from '../../lib/ports/fence.ts'
import type { Receipt, Sink, SinkBatch } from '../../lib/ports/sink.ts'

/** Writes a batch as the runtime does before the commit: all partitions in order, then the end. */
export const finishBatch = async <C>(
  sink: Sink<C>,
  batch: SinkBatch,
  by: Fence,
  contents: readonly C[],
): Promise<Receipt> => {
  const opened = await sink.open(batch, by)
  try {
    for (const [partition, content] of contents.entries()) await opened.write(partition, content)
  } catch (error) {
    await opened.abandon()
    throw error
  }
  return opened.finish()
}

/** Writes a batch and publishes it, as the runtime does when nothing fails. */
export const writeBatch = async <C>(
  sink: Sink<C>,
  batch: SinkBatch,
  by: Fence,
  contents: readonly C[],
): Promise<void> => {
  const receipt = await finishBatch(sink, batch, by, contents)
  await sink.publish?.(batch, by, receipt)
}

/** The fence of an attempt. */
export const fenceOf = (generation: number, epoch: number, app = 'app'): Fence => ({
  app,
  generation,
  epoch,
})
