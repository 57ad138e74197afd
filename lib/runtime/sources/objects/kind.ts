/** Reads objects of a bucket, found by notifications and by listing. */
import { TEXT } from '../../../dstream/sources/declaration.ts'
import { ALL_FILES } from '../../../dstream/sources/file-selection.ts'
import { WHOLE_FILES } from '../../../dstream/sources/files.ts'
import { isWatchedKey } from '../../../ports/object-names.ts'
import type { ObjectStore } from '../../../ports/object-store.ts'
import type { PendingObject } from '../../../state/offsets.ts'
import type {
  BoundSource,
  EventReader,
  PlatformEvent,
  TailAppend,
} from '../../intake/event-reader.ts'
import type { Location } from '../../locations.ts'
import { registerSourceKind, type SourceKind } from '../source-kind.ts'
import { type BucketNotification, notificationsIn } from './events.ts'
import { NOTIFICATION_LANE, objectsInput, objectsReader } from './reader.ts'

declare module '../source-ports.ts' {
  interface SourcePorts {
    readonly objects?: {
      /** The objects of a bucket. */
      readonly open: (bucket: string) => Promise<ObjectStore>
    }
  }
}

/** A bucket, or a part of one. */
export interface ObjectsLocation extends Location {
  readonly kind: 'objects'
  readonly bucket: string
  /** The prefix of the watched keys. Empty: the whole bucket. */
  readonly prefix: string
  /** The queue of its notifications. Left out: any queue. */
  readonly queueArn?: string
}

/** A message of a queue, as a function receives it. */
interface QueueMessage {
  readonly eventSourceARN?: string
  readonly body: string
}

const isMessage = (record: object): record is QueueMessage =>
  'body' in record && typeof record.body === 'string'

const events: EventReader<ObjectsLocation> = {
  claims: ({ Records: [first] = [] }: PlatformEvent, sources) => {
    if (first === undefined || !isMessage(first)) return false
    const { eventSourceARN: arn } = first
    return sources.some(
      ({ location: { queueArn } }) =>
        queueArn === undefined || arn === undefined || queueArn === arn,
    )
  },
  async read({ Records = [] }, sources): Promise<readonly TailAppend[]> {
    const found = Records.filter(isMessage).flatMap(({ body }) => notificationsIn(body))
    return sources.flatMap((bound) => appendsFor(bound, found))
  },
}

/** Leaves out objects that no source watches: the notifications of a bucket may cover more. */
const appendsFor = (
  { source, location: { bucket, prefix } }: BoundSource<ObjectsLocation>,
  found: readonly BucketNotification[],
): readonly TailAppend[] => {
  const records = found
    .filter((one) => one.bucket === bucket && isWatchedKey(one.key, prefix))
    .map((one): PendingObject => {
      const { bucket: _, ...object } = one
      return object
    })
  return records.length === 0 ? [] : [{ source, lane: NOTIFICATION_LANE, records }]
}

const objects: SourceKind<ObjectsLocation> = {
  name: 'objects',
  noun: 'a bucket',
  gives: [TEXT, WHOLE_FILES],
  isAvailable: ({ objects: port }) => port !== undefined,
  parseDeployed: ({ bucket, prefix = '', queueArn }) =>
    typeof bucket === 'string' && bucket !== '' && typeof prefix === 'string'
      ? {
          kind: 'objects',
          bucket,
          prefix,
          ...(typeof queueArn === 'string' ? { queueArn } : {}),
        }
      : undefined,
  deployedForm: '{ "kind": "objects", "bucket": "name", "prefix": "in/" }',
  describe: ({ bucket, prefix }) => ({ what: `objects in s3://${bucket}/${prefix}` }),
  async open({ bucket, prefix }, { store, app, source, declared, ports, report }) {
    if (ports.objects === undefined) throw new TypeError('there are no buckets in this world')
    const bucketObjects = await ports.objects.open(bucket)
    const selection = { onOverwrite: 'new' as const, ...(declared.files ?? ALL_FILES) }
    const { existing, onOverwrite, filter, read, decompress, limits } = selection
    const reader = objectsReader({
      store,
      app,
      source,
      objects: bucketObjects,
      prefix,
      existing,
      onOverwrite,
      ...(filter === undefined ? {} : { filter }),
      ...(read === undefined ? {} : { read }),
      ...(decompress === undefined ? {} : { decompress }),
      ...(limits === undefined ? {} : { limits }),
      report,
    })
    return { reader }
  },
  input: objectsInput,
  events: () => events,
}

registerSourceKind(objects)
