import type { Fence } from '../../lib/ports/fence.ts'
import type { Sink } from '../../lib/ports/sink.ts'

/** A tree of files that a test can look into. Cleans up by itself when the test has finished. */
export interface FileTree {
  readonly sink: Sink<Uint8Array>
  /** All files that a reader of the tree sees, by path. */
  files(): Promise<ReadonlyMap<string, Uint8Array>>
  /**
   * The name of a part whose plain name is taken by other bytes. Left out: files are replaced, and
   * all names are plain.
   */
  readonly renames?: (text: string, index: number) => string
  /** Puts a file there that Millrace did not write. */
  plant(path: string, bytes: Uint8Array): Promise<void>
}

/** The files with their content as text. */
export const shown = (files: ReadonlyMap<string, Uint8Array>): Readonly<Record<string, string>> =>
  Object.fromEntries([...files].map(([path, content]) => [path, Buffer.from(content).toString()]))

/** Whether a `_SUCCESS` is of an attempt. */
export const isFence = (text: string, { app, generation, epoch }: Fence): boolean => {
  const found = JSON.parse(text) as Partial<Fence>
  return found.app === app && found.generation === generation && found.epoch === epoch
}
