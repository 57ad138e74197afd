import type { PlantedBug } from './bug.ts'

const READER = 'lib/runtime/sources/objects/reader.ts'
const UPLOADS = 'lib/runtime/sources/objects/uploads.ts'
const READING = 'lib/runtime/sources/objects/read-uploads.ts'
const LISTING = 'lib/runtime/sources/objects/listing.ts'
const EVENTS = 'lib/runtime/sources/objects/event-messages.ts'

/** Bugs of objects that notifications announce. */
export const objectBugs: readonly PlantedBug[] = [
  {
    name: 'ledger written before the log',
    pipeline: 'uploads',
    effect: 'an object is in the ledger, and its batch was never logged',
    edits: [
      {
        file: READER,
        find: 'const isTaken = new Set(taken)',
        replace: `await recordUploads(parts, { taken }, { timeMs, byKey: false })
  const isTaken = new Set(taken)`,
      },
    ],
  },
  {
    name: 'ledger not written',
    pipeline: 'uploads',
    effect: 'a notification that comes again brings its object in again',
    edits: [
      {
        file: READER,
        find: 'async recordTaken(input, timeMs): Promise<void> {\n',
        replace: `async recordTaken(input, timeMs): Promise<void> {
      if (timeMs > 0) return
`,
      },
    ],
  },
  {
    name: 'ledger shorter than redelivery',
    pipeline: 'uploads',
    effect: 'an object whose notification comes late a second time is taken again',
    edits: [
      {
        file: UPLOADS,
        find: '(await store.get(ledgerKey(app, source, name))) !== undefined\n',
        replace: `((await store.get(ledgerKey(app, source, name)))?.["takenMs"] ?? 0) >
    timeMs - 8_000
`,
      },
      {
        file: UPLOADS,
        find: '{ store, app, source }: ObjectsReaderParts,\n  name: string,',
        replace: '{ store, app, source, timeMs },\n  name: string,',
      },
      {
        file: READER,
        find: 'await openUploads(parts,',
        replace: 'await openUploads({ ...parts, timeMs },',
      },
    ],
  },
  {
    name: 'pending objects forgotten',
    pipeline: 'uploads',
    effect: 'what does not fit into a batch is in none',
    edits: [
      {
        file: READER,
        find: 'listing: { pending,',
        replace: 'listing: { pending: pending.slice(0, 0),',
      },
    ],
  },
  {
    name: 'object read as it is now',
    pipeline: 'uploads',
    effect: 'a batch that is computed again has what was put there since',
    edits: [
      {
        file: READING,
        find: `const file = await filePartitions(
      object, (one, range) => objects.read(one, range), reading
    )`,
        replace: `const file = await filePartitions(
      (await objects.head(object.key)) ?? object,
      (one, range) => objects.read(one, range),
      reading,
    )`,
      },
    ],
  },
  {
    name: 'notified object judged by the first start',
    pipeline: 'uploads',
    effect: 'an upload before the first run of the driver is in no batch',
    edits: [
      {
        file: READER,
        find: 'const due = open.filter(({ dueMs }) => dueMs <= timeMs)',
        replace: 'const due = open.filter(({ dueMs }) => dueMs <= timeMs && dueMs > startedMs)',
      },
    ],
  },
  {
    name: 'listing that ends',
    test: 'test/unit/functions/listing.test.ts',
    effect: 'an object whose notification is lost is in no batch',
    edits: [
      {
        file: LISTING,
        find: 'const isOver = progress.round === 2 && this.#everyMs === undefined',
        replace: 'const isOver = progress.round === 2',
      },
    ],
  },
  {
    name: 'malformed message acknowledged',
    pipeline: 'uploads',
    effect: 'a message that may speak of a new object is dropped unread',
    edits: [
      {
        file: EVENTS,
        find: 'return { appends: sources.flatMap((bound) => appendsFor(bound, found)), refused }',
        replace: 'return { appends: sources.flatMap((bound) => appendsFor(bound, found)) }',
      },
    ],
  },
  {
    name: 'compressed text taken for lines',
    pipeline: 'uploads',
    effect: 'what gzip has made of lines is counted or put aside as lines',
    edits: [
      {
        file: 'lib/formats/compression.ts',
        find: "if (begins(GZIP_MAGIC)) return { kind: 'compressed', compression: 'gzip' }",
        replace: '',
      },
    ],
  },
  {
    name: 'frames after the first dropped',
    pipeline: 'uploads',
    effect: 'of a file that was compressed in parts, only the first part counts',
    edits: [
      {
        file: 'lib/formats/file-content.ts',
        find: 'at = part.at + usedBytes',
        replace: 'at = bytes.length + 0 * usedBytes',
      },
    ],
  },
]
