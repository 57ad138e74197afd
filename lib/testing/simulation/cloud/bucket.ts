/**
 * A bucket that is a source: objects are put, replaced and deleted, and each upload is told of by a
 * notification, in the form of S3. What is known of an object is true at once; the notification
 * comes later. Before notifications have taken effect, none are sent.
 */
import {
  memoryObjectStore,
  type MemoryObjectStore,
} from '../../../adapters/memory/memory-object-store.ts'

/** One upload, and what has become of it. */
export interface Upload {
  readonly key: string
  readonly version: string
  readonly lines: readonly string[]
  readonly modifiedMs: number
  /** The modification time that the store shows. */
  readonly eventMs: number
  /** No notification tells of it. */
  readonly untold: boolean
  /** Later uploads or deletions have taken its place. */
  hidden: boolean
}

const SECOND_MS = 1_000

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
   * An upload that began so long ago: a multipart upload has the time when it began as its
   * modification time.
   */
  put(key: string, lines: readonly string[], nowMs: number, beganMsAgo: number): void {
    const modifiedMs = Math.floor((nowMs - beganMsAgo) / SECOND_MS) * SECOND_MS
    this.#hide(key)
    const version = this.objects.write(
      key,
      Buffer.from(lines.map((line) => `${line}\n`).join('')),
      modifiedMs,
    )
    const untold = nowMs < this.notifiesFromMs
    // All that a listing knows of an upload is its modification time.
    this.uploads.push({
      key,
      version,
      lines,
      modifiedMs,
      eventMs: untold ? modifiedMs : nowMs,
      untold,
      hidden: false,
    })
    this.#notify('ObjectCreated:Put', key, nowMs, version)
  }

  delete(key: string, nowMs: number): void {
    this.#hide(key)
    this.objects.remove(key)
    this.#notify('ObjectRemoved:Delete', key, nowMs, undefined)
  }

  /** Keys under which something is. */
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
