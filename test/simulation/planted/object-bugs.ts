import type { PlantedBug } from './bug.ts'

const HINTS = 'lib/runtime/sources/objects/reader.ts'

/** Bugs of objects that notifications tell of. */
export const objectBugs: readonly PlantedBug[] = [
  {
    name: 'ledger written before the log',
    pipeline: 'uploads',
    effect: 'an object is in the ledger, and its batch was never logged',
    edits: [
      {
        file: HINTS,
        find: '      const left = open.filter((object) => !taken.includes(object))\n',
        replace:
          '      await recordUploads(parts, taken, { timeMs, byKey: false })\n      const left = open.filter((object) => !taken.includes(object))\n',
      },
    ],
  },
  {
    name: 'ledger not written',
    pipeline: 'uploads',
    effect: 'a notification that comes again brings its object in again',
    edits: [
      {
        file: HINTS,
        find: '    async record(slice: ObjectsInput, timeMs: number): Promise<void> {\n',
        replace:
          '    async record(slice: ObjectsInput, timeMs: number): Promise<void> {\n      if (timeMs > 0) return\n',
      },
    ],
  },
  {
    name: 'ledger shorter than redelivery',
    pipeline: 'uploads',
    effect: 'an object whose notification comes late a second time is taken again',
    edits: [
      {
        file: HINTS,
        find: '(await store.get(ledgerKey(app, source, name))) !== undefined\n',
        replace:
          '((await store.get(ledgerKey(app, source, name)))?.["takenMs"] as number | undefined ?? 0) > allocatedMs - 8_000\n',
      },
      {
        file: HINTS,
        find: '      const before = cutOf(cut)\n      const found',
        replace: '      allocatedMs = timeMs\n      const before = cutOf(cut)\n      const found',
      },
      { file: HINTS, find: 'const cutOf = ', replace: 'let allocatedMs = 0\nconst cutOf = ' },
    ],
  },
  {
    name: 'hints put off forgotten',
    pipeline: 'uploads',
    effect: 'what does not fit into a batch is in none',
    edits: [
      {
        file: HINTS,
        find: 'const next = { ...before, putOff, lanes',
        replace: 'const next = { ...before, putOff: putOff.slice(0, 0), lanes',
      },
    ],
  },
  {
    name: 'object read as it is now',
    pipeline: 'uploads',
    effect: 'a batch that is computed again has what was put there since',
    edits: [
      {
        file: HINTS,
        find: 'const content = await objects.read(object)',
        replace: 'const content = await objects.read((await objects.head(object.key)) ?? object)',
      },
    ],
  },
  {
    name: 'upload judged by its first event',
    pipeline: 'uploads',
    effect: 'an upload over another counts as having been there before the start',
    edits: [
      {
        file: HINTS,
        find: 'notification.eventMs > known.eventMs',
        replace: 'notification.eventMs < known.eventMs',
      },
    ],
  },
]
