/** Which code a process has: the files that were loaded while a module was imported. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/** The files of this library: all threads of a process have the same ones. */
const OWN = new URL('../', import.meta.url).href

const isOfUser = (url: string): boolean =>
  url.startsWith('file:') && !url.startsWith(OWN) && !url.includes('/node_modules/')

/** Notes the files that are loaded from now on, until `end`. */
export class LoadedFiles {
  readonly #files = new Map<string, string>()
  readonly #stored = new Map<string, string>()
  readonly #onLoaded: (path: string, digest: string) => void
  readonly #hooks = registerHooks({
    load: (url, context, next) => {
      // Before it is compiled: a file with an error was looked at too.
      if (isOfUser(url)) this.#note(url)
      const loaded = next(url, context)
      if (isOfUser(url) && loaded.source !== undefined && loaded.source !== null)
        this.#files.set(url, digestOf(loaded.source as string | Uint8Array))
      return loaded
    },
  })

  /** `onLoaded`: is told the path of each stored file, and its digest. Default: nobody is told. */
  constructor(onLoaded: (path: string, digest: string) => void = () => undefined) {
    this.#onLoaded = onLoaded
  }

  end(): void {
    this.#hooks.deregister()
  }

  #note(url: string): void {
    const stored = storedDigest(url)
    this.#stored.set(url, stored)
    this.#onLoaded(fileURLToPath(url), stored)
  }

  /** The digests of the stored files, by their paths: also of one that did not compile. */
  get digests(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#stored].map(([url, one]) => [fileURLToPath(url), one]))
  }

  /** A hash over the names and texts of the files: 16 hex digits. */
  get hash(): string {
    const files = [...this.#files].toSorted(([a], [b]) => (a < b ? -1 : 1))
    return digestOf(JSON.stringify(files)).slice(0, 16)
  }
}

/** The digest of a file with this text. */
export const digestOf = (text: string | Uint8Array): string =>
  createHash('sha256').update(text).digest('hex')

const storedDigest = (url: string): string => {
  try {
    return digestOf(readFileSync(fileURLToPath(url)))
  } catch {
    // The import says what is wrong.
    return ''
  }
}
