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
  readonly lines: readonly string[]
  readonly modifiedMs: number
  /** The modification time that the store shows. */
  readonly eventMs: number
  /** Whether the upload caused no notification. */
  readonly isUnannounced: boolean
  /** A later upload or deletion has replaced it. */
  hidden: boolean
}

/** How an object is uploaded. */
export interface UploadTimes {
  readonly nowMs: number
  /** The modification time of a multipart upload is the time when it began. */
  readonly beganMsAgo: number
  /** Whether its notification never arrives. */
  readonly isLost: boolean
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
  readonly #parts: BucketParts

  constructor(name: string, versioned: boolean, parts: BucketParts) {
    this.name = name
    this.versioned = versioned
    this.objects = memoryObjectStore({ versioned })
    this.#parts = parts
  }

  put(key: string, lines: readonly string[], { nowMs, beganMsAgo, isLost }: UploadTimes): void {
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
    const isUnannounced = isLost || nowMs < this.notifiesFromMs
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
    if (!isUnannounced) this.#notify('ObjectCreated:Put', key, nowMs, version)
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
