/** Copies of objects as files of this machine, for libraries that read files only. */
import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { mapAtOnce } from '../../base/concurrency.ts'
import { MillraceError } from '../../base/errors.ts'
import type { ObjectStore, ObjectVersion } from '../../ports/object-store.ts'
import { isPattern, nameMatcher } from '../glob.ts'

const ADDRESS = /^s3:\/\/(?<bucket>[^/]+)\/(?<key>.+)$/s

/** Whether an address is one of objects. */
export const isObjectAddress = (address: string): boolean => address.startsWith('s3://')

/** So many objects are copied at the same time. */
const AT_ONCE = 8

/** So many bytes of an object are in memory. 16 MiB. */
const PART_BYTES = 16 * 1_024 * 1_024

interface Copy {
  readonly version: string
  readonly path: string
}

/**
 * Copies each upload once, and keeps it until the upload after the next one: what reads a copy may
 * still be reading when it is replaced.
 */
export class ObjectCopies {
  readonly #folder: string
  readonly #storeOf: (bucket: string) => Promise<ObjectStore>
  /** The copies of each object, the newest last. */
  readonly #copies = new Map<string, Promise<readonly Copy[]>>()

  constructor(folder: string, storeOf: (bucket: string) => Promise<ObjectStore>) {
    this.#folder = folder
    this.#storeOf = storeOf
  }

  /**
   * The paths of the copies of the objects that an address names, as they are now. In names of the
   * address, `*` and the like stand for several.
   *
   * @throws MillraceError `OBJECT_UNREADABLE` when there is none, and the errors of the store.
   */
  async pathsOf(address: string): Promise<readonly string[]> {
    const { bucket = '', key = '' } = ADDRESS.exec(address)?.groups ?? {}
    if (key === '') throw unreadable(address, 'This is no address of objects')
    const store = await this.#storeOf(bucket)
    const keys = isPattern(key) ? await matching(store, key) : [key]
    if (keys.length === 0) throw unreadable(address, 'There is no object of this name')
    return mapAtOnce(keys, AT_ONCE, async (one) => this.#copyOf(store, bucket, one))
  }

  async #copyOf(store: ObjectStore, bucket: string, key: string): Promise<string> {
    const name = `${bucket}/${key}`
    const before = (this.#copies.get(name) ?? Promise.resolve([])).catch(() => [])
    const after = before.then(async (copies) => this.#renewed(store, name, key, copies))
    this.#copies.set(name, after)
    return ((await after).at(-1) as Copy).path
  }

  async #renewed(
    store: ObjectStore,
    name: string,
    key: string,
    copies: readonly Copy[],
  ): Promise<readonly Copy[]> {
    const object = await store.head(key)
    if (object === undefined) throw unreadable(`s3://${name}`, 'There is no object of this name')
    if (copies.at(-1)?.version === object.version) return copies
    const version = createHash('sha256').update(object.version).digest('hex').slice(0, 16)
    const path = join(this.#folder, version, ...name.split('/').map(safe))
    await download(store, object, path)
    for (const old of copies.slice(0, -1)) await rm(old.path, { force: true })
    return [...copies.slice(-1), { version: object.version, path }]
  }
}

/** Names of directories tell the partitions of a table, so they stay; none may lead elsewhere. */
const safe = (name: string): string => (/^\.{0,2}$/.test(name) ? `_${name}` : name)

const matching = async (store: ObjectStore, key: string): Promise<readonly string[]> => {
  const names = key.split('/')
  const first = names.findIndex(isPattern)
  const prefix = names.slice(0, first).map((name) => `${name}/`)
  const matchers = names.map(nameMatcher)
  const found: string[] = []
  for (let after: string | undefined; ;) {
    const { objects, next } = await store.list(prefix.join(''), after)
    for (const object of objects) {
      const parts = object.key.split('/')
      const fits = parts.length === names.length
      if (fits && matchers.every((matches, at) => matches(parts[at] as string)))
        found.push(object.key)
    }
    if (next === undefined) return found
    after = next
  }
}

const download = async (store: ObjectStore, object: ObjectVersion, path: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true })
  const file = await open(`${path}.part`, 'w')
  try {
    for (let from = 0; from < object.sizeBytes; from += PART_BYTES) {
      const to = Math.min(object.sizeBytes, from + PART_BYTES)
      const content = await store.read(object, { from, to })
      if (!content.found) throw unreadable(object.key, `The object is ${content.gone}`)
      await file.writeFile(content.bytes)
    }
  } finally {
    await file.close()
  }
  await rename(`${path}.part`, path)
}

const unreadable = (value: string, problem: string): MillraceError =>
  new MillraceError('OBJECT_UNREADABLE', {
    problem,
    value,
    allowed: 's3://BUCKET/KEY; names of the key may have patterns: s3://shop/pages/*.parquet',
    retryable: true,
  })
