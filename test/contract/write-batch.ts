import type { Fence } from '../../lib/ports/fence.ts'
import type { Sink, SinkBatch } from '../../lib/ports/sink.ts'

/** Writes a batch as the runtime does: all partitions in order, then the end of it. */
export const writeBatch = async <C>(
  sink: Sink<C>,
  batch: SinkBatch,
  by: Fence,
  contents: readonly C[],
): Promise<void> => {
  const opened = await sink.open(batch, by)
  try {
    for (const [partition, content] of contents.entries()) await opened.write(partition, content)
  } catch (error) {
    await opened.abandon()
    throw error
  }
  await opened.finish()
}

/** The fence of an attempt. */
export const fenceOf = (generation: number, epoch: number, app = 'app'): Fence => ({
  app,
  generation,
  epoch,
})
