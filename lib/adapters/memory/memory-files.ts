import type { Fence } from '../../ports/fence.ts'
import type { OpenBatch, Sink, SinkBatch } from '../../ports/sink.ts'
import { type SpreadPlace, spreadFiles } from '../spread-files.ts'
import {
  checkReplaceable,
  isOf,
  outputNames,
  partName,
  partNames,
  SUCCESS_FILE,
  successOf,
} from '../output-layout.ts'

/** A {@link Sink} of files that a test can inspect. */
export interface MemoryFiles extends Sink<Uint8Array> {
  publish: NonNullable<Sink<Uint8Array>['publish']>
  /** All files of published batches, by path. */
  files(): ReadonlyMap<string, Uint8Array>
  /** Adds a file that Millrace did not write. */
  plant(path: string, bytes: Uint8Array): void
}

/** A batch that is not published yet. */
interface Finished {
  readonly success: Uint8Array
  readonly parts: readonly Uint8Array[]
  /** See `SinkBatch.spreadTo`. */
  readonly spreadTo: string | undefined
}

/** The place of a batch whose files are spread. */
const spreadPlace = (
  stored: Map<string, Uint8Array>,
  path: string,
  batch: Finished,
  fence: Fence,
): SpreadPlace => ({
  bundle: async (name) => batch.parts[partNames(batch.parts.length).indexOf(name)],
  async create(file, bytes, isReplaced): Promise<void> {
    const there = stored.get(file)
    if (there !== undefined && !isReplaced && !Buffer.from(there).equals(bytes))
      checkReplaceable(file, undefined, fence)
    stored.set(file, new Uint8Array(bytes))
  },
  remove: async (file) => void stored.delete(file),
  success: async () => stored.get(`${path}/${SUCCESS_FILE}`),
  async succeed(bytes): Promise<boolean> {
    stored.set(`${path}/${SUCCESS_FILE}`, bytes)
    return true
  },
  clear: async () => undefined,
})

/**
 * A {@link Sink} of files in the memory of this process.
 *
 * @example
 * ```ts
 * const files = memoryFiles()
 * const fence = { app: 'a', generation: 1, epoch: 1 }
 * const batch = { path: 'totals-1000', timeMs: 1_000 }
 * const opened = await files.open(batch, fence)
 * await opened.write(0, Buffer.from('to,1'))
 * const receipt = await opened.finish()
 * await files.publish(batch, fence, receipt)
 * console.log([...files.files().keys()])
 * ```
 */
export const memoryFiles = (): MemoryFiles => {
  const stored = new Map<string, Uint8Array>()
  /** By path. Only the newest attempt of each batch. */
  const finished = new Map<string, Finished>()

  const findReplaced = (path: string, fence: Fence): readonly string[] => {
    const directory = `${outputNames(path).join('/')}/`
    const there = [...stored.keys()].filter((name) => name === path || name.startsWith(directory))
    if (there.length > 0) checkReplaceable(path, stored.get(directory + SUCCESS_FILE), fence)
    const waiting = finished.get(path)
    if (waiting !== undefined) checkReplaceable(path, waiting.success, fence)
    return there
  }

  return {
    description: 'files in memory',
    async open({ path, spreadTo }: SinkBatch, fence: Fence): Promise<OpenBatch<Uint8Array>> {
      findReplaced(path, fence)
      const parts: Uint8Array[] = []
      return {
        async write(partition, bytes): Promise<void> {
          parts[partition] = new Uint8Array(bytes)
        },
        async finish(): Promise<undefined> {
          findReplaced(path, fence)
          const success = successOf(fence, partNames(parts.length))
          finished.set(path, { success, parts, spreadTo })
        },
        async abandon(): Promise<void> {
          parts.length = 0
        },
      }
    },
    async publish({ path, timeMs }: SinkBatch, fence: Fence): Promise<void> {
      const replaced = findReplaced(path, fence)
      const batch = finished.get(path)
      // It is published already: another call of the same attempt was faster.
      if (batch === undefined || !isOf(batch.success, fence)) return
      const { spreadTo } = batch
      if (spreadTo !== undefined) {
        const bundles = partNames(batch.parts.length)
        await spreadFiles(spreadPlace(stored, path, batch, fence), {
          path,
          timeMs,
          spreadTo,
          fence,
          bundles,
        })
        finished.delete(path)
        return
      }
      finished.delete(path)
      for (const name of replaced) stored.delete(name)
      for (const [partition, bytes] of batch.parts.entries())
        stored.set(`${path}/${partName(partition)}`, bytes)
      stored.set(`${path}/${SUCCESS_FILE}`, batch.success)
    },
    files: () => new Map([...stored].map(([path, bytes]) => [path, new Uint8Array(bytes)])),
    plant(path: string, bytes: Uint8Array): void {
      stored.set(path, new Uint8Array(bytes))
    },
  }
}
