import type { MemoryFiles } from '../../../adapters/memory/memory-files.ts'
import type { Fence } from '../../../ports/fence.ts'
import type { OpenBatch, Sink, SinkBatch } from '../../../ports/sink.ts'
import type { Caller } from '../calls.ts'
import type { Environment } from '../environment.ts'
import type { Observer } from './observer.ts'

/**
 * The access of one process to the files of outputs. The files of a batch are all there, or none.
 */
export const simulatedFiles = (
  files: MemoryFiles,
  observer: Observer,
  environment: Environment,
  call: Caller,
): Sink<Uint8Array> => ({
  description: 'simulated files',
  async open(batch: SinkBatch, fence: Fence): Promise<OpenBatch<Uint8Array>> {
    const parts: Uint8Array[] = []
    const finish = async (): Promise<void> => {
      const write = { environment, path: batch.path, parts, fence }
      observer.outputting(write)
      const opened = await files.open(batch, fence)
      for (const [partition, bytes] of parts.entries()) await opened.write(partition, bytes)
      await opened.finish()
      observer.outputted(write)
    }
    return {
      async write(partition, bytes): Promise<void> {
        parts[partition] = new Uint8Array(bytes)
      },
      finish: () => call({ name: `output ${batch.path}`, code: 'OUTPUT_FAILED', effect: finish }),
      abandon: async () => undefined,
    }
  },
})
