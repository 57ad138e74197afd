/** Reads objects of a bucket, found by notifications and by listing. */
import { TEXT } from '../../../dstream/sources/declaration.ts'
import { ALL_FILES } from '../../../dstream/sources/file-selection.ts'
import { WHOLE_FILES } from '../../../dstream/sources/files.ts'
import type { ObjectStore } from '../../../ports/object-store.ts'
import { registerSourceKind, type SourceKind } from '../source-kind.ts'
import { notificationEvents, type ObjectsLocation } from './event-messages.ts'
import { objectsInput } from './input.ts'
import { lateRuleOf } from './late-objects.ts'
import { objectsReader } from './reader.ts'

declare module '../source-ports.ts' {
  interface SourcePorts {
    readonly objects?: {
      /** The objects of a bucket. */
      readonly open: (bucket: string) => Promise<ObjectStore>
    }
  }
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
  async open({ bucket, prefix }, { store, app, source, declared, ports, held, report }) {
    if (ports.objects === undefined) throw new TypeError('there are no buckets in this world')
    const bucketObjects = await ports.objects.open(bucket)
    const selection = { onOverwrite: 'new' as const, ...(declared.files ?? ALL_FILES) }
    const { existing, onOverwrite, listEveryMs, filter, onRename, ...reading } = selection
    const { read, format, decompress, limits } = reading
    const reader = objectsReader({
      store,
      app,
      source,
      objects: bucketObjects,
      prefix,
      existing,
      onOverwrite,
      late: lateRuleOf(selection),
      ...(onRename === undefined ? {} : { onRename }),
      ...(listEveryMs === undefined ? {} : { listEveryMs }),
      ...(filter === undefined ? {} : { filter }),
      ...(read === undefined ? {} : { read }),
      ...(format === undefined ? {} : { format }),
      ...(decompress === undefined ? {} : { decompress }),
      ...(limits === undefined ? {} : { limits }),
      held,
      report,
    })
    return { reader }
  },
  input: objectsInput,
  events: () => notificationEvents,
}

registerSourceKind(objects)
