import {
  type ByteRange,
  bytesIn,
  type ObjectContent,
  type ObjectSource,
  type ObjectSummary,
} from '../../ports/object-source.ts'
import { isInMatch, parseDirectoryPattern } from '../directory-pattern.ts'
import { isHiddenName } from '../../ports/object-names.ts'

/** An {@link ObjectSource} that a test fills. */
export interface MemoryObjects extends ObjectSource {
  /** Adds a complete object, or replaces one. */
  write(key: string, bytes: Uint8Array, modifiedMs: number): void
  /** Removes an object. A missing object is not an error. */
  remove(key: string): void
}

/**
 * An {@link ObjectSource} in the memory of this process.
 *
 * @param options `path`: a path, possibly with patterns for directories. With patterns, keys are
 * paths below the part of the path before the first pattern, and objects outside of matching
 * directories are not listed.
 * @example
 * ```ts
 * const objects = memoryObjects()
 * objects.write('a.txt', Buffer.from('to be'), 1_000)
 * ```
 */
export const memoryObjects = ({
  name = 'memory',
  path = '',
}: { readonly name?: string; readonly path?: string } = {}): MemoryObjects => {
  const pattern = parseDirectoryPattern(path)
  const isShown = (key: string): boolean =>
    pattern.isPattern ? isInMatch(key, pattern) : !isHiddenName(key)
  const objects = new Map<string, { readonly bytes: Uint8Array; readonly modifiedMs: number }>()

  return {
    description: `objects ${name}`,
    async list(): Promise<readonly ObjectSummary[]> {
      const shown = [...objects].filter(([key]) => isShown(key))
      return shown.map(([key, { bytes, modifiedMs }]) => ({
        key,
        modifiedMs,
        sizeBytes: bytes.byteLength,
      }))
    },
    async read(
      { key, modifiedMs, sizeBytes }: ObjectSummary,
      range?: ByteRange,
    ): Promise<ObjectContent> {
      const object = objects.get(key)
      if (object === undefined) return { found: false, gone: 'missing' }
      if (object.modifiedMs !== modifiedMs || object.bytes.byteLength < sizeBytes)
        return { found: false, gone: 'replaced' }
      return {
        found: true,
        bytes: new Uint8Array(bytesIn(object.bytes.subarray(0, sizeBytes), range)),
      }
    },
    write(key: string, bytes: Uint8Array, modifiedMs: number): void {
      objects.set(key, { bytes: new Uint8Array(bytes), modifiedMs })
    },
    remove(key: string): void {
      objects.delete(key)
    },
  }
}
