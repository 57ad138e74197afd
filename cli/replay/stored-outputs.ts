/** What batches have written then: the files of a batch in a directory or a bucket. Reads only. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { partsIn, SUCCESS_FILE } from '../../lib/adapters/output-layout.ts'
import { isMillraceError } from '../../lib/base/errors.ts'
import type { ObjectStore } from '../../lib/ports/object-store.ts'
import type { SinkLocation } from '../../lib/runtime/sinks/sink-kind.ts'

/** Reads the files of batches. */
export interface StoredOutputs {
  /** Whether the files of a place can be read. */
  canRead(place: string): boolean
  /** The files of a batch. Undefined: the batch has no complete files there. */
  read(place: string): Promise<readonly Uint8Array[] | undefined>
}

interface StoredOutputsParts {
  readonly locate: (place: string) => SinkLocation
  readonly bucket: (name: string) => Promise<ObjectStore>
}

/** A place of files is in a directory or in a bucket. Others have neither. */
type FilesLocation = SinkLocation & Readonly<Partial<Record<'directory' | 'bucket', string>>>

type ReadFile = (name: string) => Promise<Uint8Array | undefined>

/** Reads the files of batches where the outputs are bound. */
export const storedOutputs = ({ locate, bucket }: StoredOutputsParts): StoredOutputs => {
  const located = (place: string): FilesLocation | undefined => {
    try {
      return locate(place)
    } catch (error) {
      if (isMillraceError(error)) return undefined
      throw error
    }
  }
  const reader = async (location: FilesLocation): Promise<ReadFile> => {
    const { directory, bucket: name = '', path } = location
    if (directory !== undefined) return (file) => localFile(join(directory, path, file))
    const objects = await bucket(name)
    return (file) => objectOf(objects, `${path}/${file}`)
  }
  return {
    canRead(place) {
      const { directory, bucket: name } = located(place) ?? {}
      return directory !== undefined || name !== undefined
    },
    async read(place) {
      const location = located(place)
      if (location === undefined) return undefined
      const read = await reader(location)
      const success = await read(SUCCESS_FILE)
      if (success === undefined) return undefined
      const parts: Uint8Array[] = []
      for (const name of partsIn(success)) {
        const part = await read(name)
        if (part === undefined) return undefined
        parts.push(part)
      }
      return parts
    },
  }
}

const localFile: ReadFile = async (path) => {
  try {
    return await readFile(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined
    throw error
  }
}

const objectOf = async (objects: ObjectStore, key: string): Promise<Uint8Array | undefined> => {
  const object = await objects.head(key)
  const content = object && (await objects.read(object))
  return content?.found === true ? content.bytes : undefined
}
