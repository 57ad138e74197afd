import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'

/** Those that are removed. */
const folders = new Set<string>()

/**
 * Where this process may put files that nobody needs after it. The folder need not exist. It is
 * removed when the process ends, unless something kills it.
 */
export const temporaryFolder = (name: string): string => {
  const folder = join(tmpdir(), `${name}-${process.pid}`)
  // The threads of a process share the folder: the end of one must not take it from the others.
  if (isMainThread && !folders.has(folder)) {
    folders.add(folder)
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  }
  return folder
}
