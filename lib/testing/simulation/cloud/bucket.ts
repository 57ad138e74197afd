/**
 * A bucket that is a source: objects are put, replaced and deleted. Each upload causes a
 * notification: in the form of S3 or of EventBridge, and sometimes in envelopes of SNS. The object
 * itself is visible at once; the notification arrives later, or is lost. Before notifications have
 * taken effect for the bucket, none are sent.
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
  /** The lines that count: none of an object that cannot be read. */
  readonly lines: readonly string[]
  /** Lines that are no text, each with its place in the object. */
  readonly badLines: readonly BadLine[]
  /** The object cannot be read: its bytes are damaged, or the store refuses to give them. */
  readonly unreadable: 'damaged' | 'refused' | undefined
  readonly modifiedMs: number
  /** The modification time that the store shows. */
  readonly eventMs: number
  /** Whether the upload caused no notification. */
  readonly isUnannounced: boolean
  /** A later upload or deletion has replaced it. */
  hidden: boolean
}

/** A line that is no text. */
export interface BadLine {
  readonly offset: number
  /** What a reader shows of it. */
  readonly shown: string
}

/** How an object is uploaded. */
export interface UploadTimes {
  readonly nowMs: number
  /** The modification time of a multipart upload is the time when it began. */
  readonly beganMsAgo: number
  /** Whether its notification never arrives. */
  readonly isLost: boolean
  /** Its bytes are these, and cannot be read. */
  readonly damaged?: Uint8Array
  /** The store refuses to give its bytes. */
  readonly isRefused?: boolean
  /** A line that is no text stands at its end. */
  readonly hasBadLine?: boolean
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

/** What a notification says. */
interface Notice {
  readonly eventName: string
  readonly eventTime: string
  readonly bucket: string
  readonly key: string
  readonly version: string | undefined
}

const formEncode = (key: string): string =>
  encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/')

const fromBucket = ({ eventName, eventTime, bucket, key, version }: Notice): string => {
  const object = {
    key: formEncode(key),
    ...(version === undefined ? {} : { versionId: version }),
  }
  const s3 = { bucket: { name: bucket }, object }
  return JSON.stringify({ Records: [{ eventVersion: '2.1', eventName, eventTime, s3 }] })
}

const fromBridge = ({ eventName, eventTime, bucket, key, version }: Notice): string =>
  JSON.stringify({
    source: 'aws.s3',
    'detail-type': eventName.startsWith('ObjectCreated:') ? 'Object Created' : 'Object Deleted',
    time: eventTime,
    detail: { bucket: { name: bucket }, object: { key, 'version-id': version } },
  })

const inTopic = (message: string): string =>
  JSON.stringify({ Type: 'Notification', TopicArn: 'arn:aws:sns:x', Message: message })

/** The shapes in which a notification may arrive. */
const SHAPES: readonly ((notice: Notice) => string)[] = [
  fromBucket,
  fromBucket,
  fromBridge,
  (notice) => inTopic(fromBucket(notice)),
  (notice) => inTopic(fromBridge(notice)),
]

/** Messages that are no notifications. None of them may be acknowledged. */
export const MALFORMED_MESSAGES: readonly string[] = [
  'hello',
  'null',
  '{"Records":[{"s3":1}]}',
  '{"Records":[{"eventName":"ObjectCreated:Put",' +
    '"s3":{"bucket":{"name":"drops"},"object":{"key":"100%.txt"}}}]}',
  '{"Type":"Notification","Message":"hello"}',
]

/** What a bucket needs of its world. */
export interface BucketParts {
  readonly send: (body: string) => void
  readonly pick: <T>(all: readonly T[]) => T
}

export class SimulatedBucket {
  readonly name: string
  readonly versioned: boolean
  readonly objects: MemoryObjectStore
  readonly uploads: Upload[] = []
  /** No notification is sent for uploads before this time. */
  notifiesFromMs: number = -Infinity
  /** Replaces or deletes an object that the current batch takes. */
  changeTaken: () => void = () => undefined
  readonly #parts: BucketParts
  readonly #refused = new Set<string>()

  constructor(name: string, versioned: boolean, parts: BucketParts) {
    this.name = name
    this.versioned = versioned
    this.objects = memoryObjectStore({ versioned, hasUniqueTags: true })
    this.#parts = parts
  }

  put(key: string, lines: readonly string[], how: UploadTimes): void {
    const { nowMs, beganMsAgo, isLost, damaged, isRefused = false, hasBadLine = false } = how
    const modifiedMs = Math.floor((nowMs - beganMsAgo) / SECOND_MS) * SECOND_MS
    this.#hide(key)
    const form = STORED_FORMS[this.uploads.length % STORED_FORMS.length]
    const good = lines.map((line) => Buffer.from(`${line}\n`))
    // Text that says to be compressed, and is no text, is taken for damaged.
    const isText = form?.contentEncoding !== 'gzip'
    const bad = hasBadLine && isText ? [Buffer.from([0xff, ...Buffer.from(`${lines[0]}\n`)])] : []
    const version = this.objects.write(
      key,
      damaged ?? Buffer.concat([...good, ...bad].map((line) => form?.part(line) ?? line)),
      modifiedMs,
      damaged === undefined ? form?.contentEncoding : undefined,
    )
    if (isRefused) this.#refused.add(version)
    const unreadable = damaged === undefined ? (isRefused ? 'refused' : undefined) : 'damaged'
    const offset = Buffer.concat(good).byteLength
    const isUnannounced = isLost || nowMs < this.notifiesFromMs
    // All that a listing knows of an upload is its modification time.
    this.uploads.push({
      key,
      version,
      lines: unreadable === undefined ? lines : [],
      badLines: bad.map((line) => ({ offset, shown: line.subarray(0, -1).toString() })),
      unreadable,
      modifiedMs,
      eventMs: isUnannounced ? modifiedMs : nowMs,
      isUnannounced,
      hidden: false,
    })
    if (!isUnannounced) this.#notify('ObjectCreated:Put', key, nowMs, version)
  }

  delete(key: string, nowMs: number): void {
    this.#hide(key)
    this.objects.remove(key)
    this.#notify('ObjectRemoved:Delete', key, nowMs, undefined)
  }

  /** Whether the store refuses to give the bytes of an upload. */
  isRefused(version: string): boolean {
    return this.#refused.has(version)
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
    const notice: Notice = {
      eventName,
      eventTime: new Date(nowMs).toISOString(),
      bucket: this.name,
      key,
      version: this.versioned ? version : undefined,
    }
    this.#parts.send(this.#parts.pick(SHAPES)(notice))
  }
}
