import type { Fence, OutputFiles } from '../../ports/output-files.ts'
import { checkReplaceable, outputFiles, outputNames, SUCCESS_FILE } from '../output-layout.ts'

/** {@link OutputFiles} that a test can look into. */
export interface MemoryOutputFiles extends OutputFiles {
  /** All files, by path. */
  files(): ReadonlyMap<string, Uint8Array>
  /** Puts a file there that Millrace did not write. */
  plant(path: string, bytes: Uint8Array): void
}

/**
 * {@link OutputFiles} in the memory of this process.
 *
 * @example
 * ```ts
 * const outputs = memoryOutputFiles()
 * await outputs.writeParts('totals-1000', [Buffer.from('to,1')], { app: 'a', generation: 1, epoch: 1 })
 * console.log([...outputs.files().keys()])
 * ```
 */
export const memoryOutputFiles = (): MemoryOutputFiles => {
  const stored = new Map<string, Uint8Array>()

  return {
    async writeParts(path: string, parts: readonly Uint8Array[], fence: Fence): Promise<void> {
      const directory = `${outputNames(path).join('/')}/`
      const there = [...stored.keys()].filter((name) => name === path || name.startsWith(directory))
      if (there.length > 0) checkReplaceable(path, stored.get(directory + SUCCESS_FILE), fence)
      for (const name of there) stored.delete(name)
      for (const [name, bytes] of outputFiles(parts, fence))
        stored.set(directory + name, new Uint8Array(bytes))
    },
    files: () => new Map(stored),
    plant(path: string, bytes: Uint8Array): void {
      stored.set(path, new Uint8Array(bytes))
    },
  }
}
