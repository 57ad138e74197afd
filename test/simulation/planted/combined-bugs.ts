import type { PlantedBug } from './bug.ts'

const LOST = 'lib/runtime/sources/lanes/lost-blocks.ts'
const INPUT = 'lib/runtime/sources/lanes/read-input.ts'

/** Bugs of what intake combines. */
export const combinedBugs: readonly PlantedBug[] = [
  {
    name: 'block of another code taken',
    pipeline: 'coded-words',
    effect: 'what an old deployment has made of a block stands for what the new one makes of it',
    edits: [
      {
        file: LOST,
        find: 'code !== undefined && ref.combinedFor === code.generation',
        replace: 'code !== undefined',
      },
    ],
  },
  {
    name: 'block of earlier code taken in the middle of a batch',
    pipeline: 'coded-words',
    effect: 'one attempt reads the records again, and the next one takes what was made of them',
    edits: [
      {
        file: INPUT,
        find: `if (isEarlier(seen))
      throw lostSince(one, reading.source, 'only earlier code has seen them')`,
        replace: '',
      },
    ],
  },
  {
    name: 'block of earlier code not logged',
    pipeline: 'coded-words',
    effect: 'nobody knows which attempt has taken what earlier code made',
    edits: [
      {
        file: INPUT,
        find: '...(earlier.length === 0 ? {} : { isOther: true }),',
        replace: '',
      },
    ],
  },
  {
    name: 'dead letters of a combined block dropped',
    pipeline: 'coded-words',
    effect: 'a record that intake has put aside is nowhere',
    edits: [
      {
        file: 'lib/runtime/sources/lanes/block-partitions.ts',
        find: 'for (const one of deadLetters) putAside(one)',
        replace: 'void deadLetters',
      },
    ],
  },
  {
    name: 'checksum of what was combined',
    effect: 'the records that are read again do not fit their entry',
    edits: [
      {
        file: 'lib/runtime/intake/lane-blocks.ts',
        find: '{ bytes, sum: measured.sum }',
        replace: '{ bytes, sum: bytes.byteLength }',
      },
    ],
  },
  {
    name: 'block of later code taken',
    pipeline: 'coded-words',
    effect: 'a driver that still runs takes what the next deployment has made of records',
    edits: [
      {
        file: 'lib/runtime/sources/combined-code.ts',
        find: 'return { generation,',
        replace: 'return { generation: generation + 1,',
      },
    ],
  },
  {
    name: 'combined records not counted',
    effect: 'a batch says that it had no records',
    edits: [
      {
        file: 'lib/rdd/partition.ts',
        find: 'if (partition.combined !== undefined) return partition.combined.recordCount',
        replace: 'if (partition.combined !== undefined) return 0',
      },
    ],
  },
]
