import type { PlantedBug } from './bug.ts'

/** Bugs in what becomes of a bad record, and of the good records beside it. */
export const recordBugs: readonly PlantedBug[] = [
  {
    name: 'record put aside and counted',
    pipeline: 'bad-words',
    effect: 'what a bad record gave before its badness showed counts, and again when redriven',
    edits: [
      {
        file: 'lib/rdd/by-record.ts',
        find: 'if (found !== undefined || bad.has(record)) return',
        replace: 'if (found !== undefined) return',
      },
      {
        file: 'lib/rdd/by-record.ts',
        find: 'found = badRecord(partition, target.label, { record, first }, failure)',
        replace: `if (!bad.has(record))
        found = badRecord(partition, target.label, { record, first }, failure)`,
      },
    ],
  },
  {
    name: 'dead letters of overlapping blocks not compared',
    effect: 'a delivery that comes again with other bounds is listed twice',
    test: 'test/unit/runtime/dead-letters/flood.test.ts',
    edits: [
      {
        file: 'lib/state/rejected-ranges.ts',
        find: 'return !ranges.some(([first, last]) => first <= at && at <= last)',
        replace: 'return ranges !== undefined || at < 0n',
      },
    ],
  },
  {
    name: 'good records after a bad one lost',
    pipeline: 'bad-words',
    effect: 'a combination ends with the first bad record of its part',
    edits: [
      {
        file: 'lib/rdd/by-record.ts',
        find: 'if (found !== undefined || bad.has(record)) return',
        replace: 'if (found !== undefined || [...bad.keys()].some((one) => one <= record)) return',
      },
    ],
  },
  {
    name: 'combination used again after an error',
    pipeline: 'bad-words',
    effect: 'the records before a bad one count twice',
    edits: [
      {
        file: 'lib/rdd/combine.ts',
        find: 'open: () => pairSink((map = new CombinedMap<K, V, W>(shuffle)))',
        replace: 'open: () => pairSink(map)',
      },
    ],
  },
  {
    name: 'values of a pane not checked',
    pipeline: 'bad-words',
    effect: 'a value that cannot be stored fails its batch for good',
    edits: [
      {
        file: 'lib/dstream/operators/storable.ts',
        find: "!(isMillraceError(error) && error.code === 'VALUE_UNSUPPORTED')",
        replace: 'isMillraceError(error)',
      },
    ],
  },
]
