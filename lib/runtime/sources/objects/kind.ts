/** Reads objects of a bucket, found by notifications and by listing. */
import { TEXT } from '../../../dstream/sources/declaration.ts'
import { ALL_FILES, type FileReading } from '../../../dstream/sources/file-selection.ts'
import { WHOLE_FILES } from '../../../dstream/sources/files.ts'
import type { SizedFile } from '../../../formats/file-format.ts'
import type { ObjectStore } from '../../../ports/object-store.ts'
import { parseNamedUri } from '../../locations.ts'
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

/** The part of a prefix that is not a part of names: `in/` of `in/part-`. */
const folderOf = (prefix: string): string => prefix.slice(0, prefix.lastIndexOf('/') + 1)

/** Functions of users and formats get paths below the location, as they do in a directory. */
const readingBelow = (prefix: string, reading: FileReading): FileReading => {
  const { read, format } = reading
  const { length } = folderOf(prefix)
  if (length === 0) return reading
  return {
    ...reading,
    ...(read === undefined
      ? {}
      : { read: (bytes: Uint8Array, key: string) => read(bytes, key.slice(length)) }),
    ...(format === undefined
      ? {}
      : {
          format: {
            ...format,
            open: async (file: SizedFile) =>
              format.open({ ...file, name: file.name.slice(length) }),
          },
        }),
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
  locateReplay({ literal = '' }, { input, bound = literal }) {
    const uri = input === objectsInput.name ? parseNamedUri(bound) : undefined
    return uri && { kind: 'objects', bucket: uri.name, prefix: uri.rest }
  },
  describe: ({ bucket, prefix }) => ({ what: `objects in s3://${bucket}/${prefix}` }),
  async open({ bucket, prefix }, { store, app, source, declared, ports, held, report }) {
    if (ports.objects === undefined) throw new TypeError('there are no buckets in this world')
    const bucketObjects = await ports.objects.open(bucket)
    const selection = { onOverwrite: 'new' as const, ...(declared.files ?? ALL_FILES) }
    const { existing, onOverwrite, listEveryMs, filter, onRename, ...reading } = selection
    const { read, format, decompress, limits } = readingBelow(prefix, reading)
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
      ...(filter === undefined
        ? {}
        : { filter: (key: string) => filter(key.slice(folderOf(prefix).length)) }),
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
