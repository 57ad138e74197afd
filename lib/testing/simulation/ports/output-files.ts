import type { Fence, OutputFiles } from '../../../ports/output-files.ts'
import type { Caller } from '../calls.ts'
import type { Environment } from '../environment.ts'
import type { Observer } from './observer.ts'

/** One process's way to the files of outputs: a batch's files are there whole, or not at all. */
export const simulatedOutputFiles = (
  outputs: OutputFiles,
  observer: Observer,
  environment: Environment,
  call: Caller,
): OutputFiles => ({
  writeParts: (path: string, parts: readonly Uint8Array[], fence: Fence) =>
    call({
      name: `output ${path}`,
      code: 'OUTPUT_FAILED',
      effect: async () => {
        const write = { environment, path, parts, fence }
        observer.outputting(write)
        await outputs.writeParts(path, parts, fence)
        observer.outputted(write)
      },
    }),
})
