import type { Fence } from '../../ports/fence.ts'
import type { OpenBatch, Sink, SinkBatch } from '../../ports/sink.ts'
import { checkReplaceable, outputFiles, outputNames, SUCCESS_FILE } from '../output-layout.ts'

/** A {@link Sink} of files that a test can inspect. */
export interface MemoryFiles extends Sink<Uint8Array> {
  /** All files, by path. */
  files(): ReadonlyMap<string, Uint8Array>
  /** Adds a file that Millrace did not write. */
  plant(path: string, bytes: Uint8Array): void
}

/**
 * A {@link Sink} of files in the memory of this process.
 *
 * @example
 * ```ts
 * const files = memoryFiles()
 * const fence = { app: 'a', generation: 1, epoch: 1 }
 * const batch = await files.open({ path: 'totals-1000', timeMs: 1_000 }, fence)
 * await batch.write(0, Buffer.from('to,1'))
 * await batch.finish()
 * console.log([...files.files().keys()])
 * ```
 */
export const memoryFiles = (): MemoryFiles => {
  const stored = new Map<string, Uint8Array>()

  const findReplaced = (path: string, fence: Fence): readonly string[] => {
    const directory = `${outputNames(path).join('/')}/`
    const there = [...stored.keys()].filter((name) => name === path || name.startsWith(directory))
    if (there.length > 0) checkReplaceable(path, stored.get(directory + SUCCESS_FILE), fence)
    return there
  }

  return {
    description: 'files in memory',
    async open({ path }: SinkBatch, fence: Fence): Promise<OpenBatch<Uint8Array>> {
      findReplaced(path, fence)
      const parts: Uint8Array[] = []
      return {
        async write(partition, bytes): Promise<void> {
          parts[partition] = new Uint8Array(bytes)
        },
        async finish(): Promise<void> {
          for (const name of findReplaced(path, fence)) stored.delete(name)
          for (const [name, bytes] of outputFiles(parts, fence))
            stored.set(`${path}/${name}`, new Uint8Array(bytes))
        },
        async abandon(): Promise<void> {
          parts.length = 0
        },
      }
    },
    files: () => new Map(stored),
    plant(path: string, bytes: Uint8Array): void {
      stored.set(path, new Uint8Array(bytes))
    },
  }
}
