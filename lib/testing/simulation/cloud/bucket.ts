/**
 * A bucket that is a source: objects are put, replaced and deleted. Each upload causes a
 * notification in the form of S3. The object itself is visible at once; the notification arrives
 * later. Before notifications have taken effect for the bucket, none are sent.
 */
import { gzipSync, zstdCompressSync } from 'node:zlib'
import {
  memoryObjectStore,
  type MemoryObjectStore,
} from '../../../adapters/memory/memory-object-store.ts'

/** One upload and its later state. */
export interface Upload {
  readonly key: string
  readonly version: string
  readonly lines: readonly string[]
  readonly modifiedMs: number
  /** The modification time that the store shows. */
  readonly eventMs: number
  /** Whether the upload caused no notification. */
  readonly isUnannounced: boolean
  /** A later upload or deletion has replaced it. */
  hidden: boolean
}

const SECOND_MS = 1_000

const plain = (line: Buffer): Buffer => line

/** How uploads are stored, in turn: each line as it is, as a member of gzip or a frame of zstd. */
const STORED_FORMS: readonly {
  readonly part: (line: Buffer) => Buffer
  readonly contentEncoding?: string
}[] = [
  { part: plain },
  { part: (line) => gzipSync(line) },
  { part: (line) => zstdCompressSync(line), contentEncoding: 'zstd' },
  { part: plain, contentEncoding: 'gzip' },
]

export class SimulatedBucket {
  readonly name: string
  readonly versioned: boolean
  readonly objects: MemoryObjectStore
  readonly uploads: Upload[] = []
  /** No notification is sent for uploads before this time. */
  notifiesFromMs: number = -Infinity
  readonly #notifications: { send(body: string): void }

  constructor(name: string, versioned: boolean, notifications: { send(body: string): void }) {
    this.name = name
    this.versioned = versioned
    this.objects = memoryObjectStore({ versioned })
    this.#notifications = notifications
  }

  /**
   * Uploads an object. `beganMsAgo`: the modification time of a multipart upload is the time when
   * it began.
   */
  put(key: string, lines: readonly string[], nowMs: number, beganMsAgo: number): void {
    const modifiedMs = Math.floor((nowMs - beganMsAgo) / SECOND_MS) * SECOND_MS
    this.#hide(key)
    const form = STORED_FORMS[this.uploads.length % STORED_FORMS.length]
    const version = this.objects.write(
      key,
      Buffer.concat(
        lines.map((line) => Buffer.from(`${line}\n`)).map((line) => form?.part(line) ?? line),
      ),
      modifiedMs,
      form?.contentEncoding,
    )
    const isUnannounced = nowMs < this.notifiesFromMs
    // All that a listing knows of an upload is its modification time.
    this.uploads.push({
      key,
      version,
      lines,
      modifiedMs,
      eventMs: isUnannounced ? modifiedMs : nowMs,
      isUnannounced,
      hidden: false,
    })
    this.#notify('ObjectCreated:Put', key, nowMs, version)
  }

  delete(key: string, nowMs: number): void {
    this.#hide(key)
    this.objects.remove(key)
    this.#notify('ObjectRemoved:Delete', key, nowMs, undefined)
  }

  /** The keys of all current objects. */
  keys(): readonly string[] {
    return this.uploads.filter(({ hidden }) => !hidden).map(({ key }) => key)
  }

  #hide(key: string): void {
    for (const upload of this.uploads) if (upload.key === key) upload.hidden = true
  }

  #notify(eventName: string, key: string, nowMs: number, version: string | undefined): void {
    if (nowMs < this.notifiesFromMs) return
    const object = {
      key: encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/'),
      ...(this.versioned && version !== undefined ? { versionId: version } : {}),
    }
    const record = {
      eventVersion: '2.1',
      eventName,
      eventTime: new Date(nowMs).toISOString(),
      s3: { bucket: { name: this.name }, object },
    }
    this.#notifications.send(JSON.stringify({ Records: [record] }))
  }
}
